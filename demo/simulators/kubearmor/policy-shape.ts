import {
  flagPointer,
  list,
  optionalFlag,
  optionalInteger,
  optionalText,
  type Reader,
  struct,
  text,
  textMap,
} from './go-json.ts';

/**
 * The parts of a policy as KubeArmor holds them (reference/kubearmor.md §4.2, §4.3). An absent field is one that Go
 * leaves out when it writes; nothing here is validated, since KubeArmor does not (§4.10).
 */

const verdict = { severity: optionalInteger, tags: list(text), message: optionalText, action: optionalText };
const said = { severity: optionalInteger, tags: list(text), message: optionalText };
const sources = list(struct({ path: optionalText }));

const section = <T extends object>(readers: { readonly [K in keyof T]-?: Reader<T[K]> }) =>
  struct({ ...readers, ...verdict });

const process = section({
  matchPaths: list(
    struct({
      path: optionalText,
      execname: optionalText,
      ownerOnly: optionalFlag,
      fromSource: sources,
      allowedArgs: list(text),
      pts: flagPointer,
      ...verdict,
    }),
  ),
  matchDirectories: list(
    struct({
      dir: text,
      recursive: optionalFlag,
      ownerOnly: optionalFlag,
      fromSource: sources,
      pts: flagPointer,
      ...verdict,
    }),
  ),
  matchPatterns: list(struct({ pattern: text, ownerOnly: optionalFlag, ...verdict })),
});

const file = section({
  matchPaths: list(
    struct({
      path: text,
      readOnly: optionalFlag,
      ownerOnly: optionalFlag,
      pts: flagPointer,
      fromSource: sources,
      ...verdict,
    }),
  ),
  matchDirectories: list(
    struct({
      dir: text,
      readOnly: optionalFlag,
      recursive: optionalFlag,
      ownerOnly: optionalFlag,
      pts: flagPointer,
      fromSource: sources,
      ...verdict,
    }),
  ),
  matchPatterns: list(struct({ pattern: text, readOnly: optionalFlag, ownerOnly: optionalFlag, ...verdict })),
});

const network = section({
  matchProtocols: list(struct({ protocol: text, fromSource: sources, pts: flagPointer, ...verdict })),
  matchDNSQueries: list(struct({ domain: text, fromSource: sources, ...verdict })),
});

const capabilities = section({
  matchCapabilities: list(struct({ capability: text, fromSource: sources, ...verdict })),
});

const syscallSources = list(struct({ path: optionalText, dir: optionalText, recursive: optionalFlag }));
const syscalls = struct({
  matchSyscalls: list(struct({ syscall: list(text), fromSource: syscallSources, ...said })),
  matchPaths: list(
    struct({
      path: optionalText,
      recursive: optionalFlag,
      syscall: list(text),
      fromSource: syscallSources,
      ...said,
    }),
  ),
  ...said,
});

const device = section({
  matchDevice: list(
    struct({
      class: text,
      subClass: optionalInteger,
      protocol: optionalInteger,
      level: optionalInteger,
      ...verdict,
    }),
  ),
});

const atEnd = {
  apparmor: optionalText,
  severity: optionalInteger,
  tags: list(text),
  message: optionalText,
  action: text,
};

const containerSpec = struct({
  selector: struct({
    matchLabels: textMap,
    matchExpressions: list(struct({ key: optionalText, operator: optionalText, values: list(text) })),
    containers: list(text),
    identities: list(text),
  }),
  process,
  file,
  network,
  capabilities,
  syscalls,
  presets: list(struct({ name: optionalText, action: optionalText })),
  ...atEnd,
});

const hostSpec = struct({
  nodeSelector: struct({ matchLabels: textMap, identities: list(text) }),
  process,
  file,
  network,
  capabilities,
  syscalls,
  device,
  ...atEnd,
});

const metadata = struct({ name: text, namespace: text, labels: textMap, annotations: textMap });

/** `{"type", "object"}` of a containerPolicy call. */
export const readContainerEvent = struct({ type: text, object: struct({ metadata, spec: containerSpec }) });
/** `{"type", "object"}` of a hostPolicy call. */
export const readHostEvent = struct({ type: text, object: struct({ metadata, spec: hostSpec }) });

export type ContainerSpec = ReturnType<typeof containerSpec>;
export type HostSpec = ReturnType<typeof hostSpec>;
export type PolicySpec = ContainerSpec | HostSpec;

/** A container policy in the store: the shape that getProbeData and the backup file show. */
export interface StoredPolicy {
  readonly metadata: { readonly namespaceName: string; readonly policyName: string };
  readonly spec: ContainerSpec;
}

export interface StoredHostPolicy {
  readonly metadata: { readonly policyName: string };
  readonly spec: HostSpec;
}
