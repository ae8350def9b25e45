import type { RuleText } from '#policy/lint/rule.ts';

const template = (id: string): string => `template:
  id: ${id}
  useCase: packages
  summary: Nobody installs packages.
  parameters: {}
  compliance:
    - { framework: "NIST SP 800-53", version: "5.1.1", id: "CM-7(4)", title: "Least Functionality: Unauthorized Software — Deny-by-exception", source: "https://doi.org/10.6028/NIST.SP.800-53r5" }
  references:
    - { title: An example, url: "https://example.org/" }
apiVersion: security.kubearmor.com/v1
kind: KubeArmorPolicy
metadata:
  name: ${id}
spec:
  severity: 5
  process:
    matchPaths:
      - path: /usr/bin/apt
  action: Block
`;

/** What parseTemplate refuses in the header of a hardening template. Checked where files are: the id is the file's name. */
export const templateRule: RuleText = {
  id: 'KA018',
  title: 'hardening template that can not be used',
  severity: 'error',
  why:
    'A policy with a `template:` header is a template of the catalogue: its parameters must be declared and used, its ' +
    'compliance ids known, its id the name of the file (docs/templates.md).',
  fix: 'Mend what is named.',
  bad: template('example').replace('  useCase: packages\n', ''),
  good: template('example'),
};
