import { action, object, type Schema, verdict } from './schema-sections.ts';

/** KubeArmorNetworkPolicy: rules of the host's firewall (reference/kubearmor.md §4.6). */

const strings: Schema = { type: 'array', items: { type: 'string' } };

const ports: Schema = {
  type: 'array',
  items: object(
    {
      port: { type: 'string', description: 'A number in quotes, or ssh, http, https, dns.' },
      endPort: { type: 'integer', format: 'int32', minimum: 1, maximum: 65535 },
      protocol: { type: 'string', enum: ['TCP', 'UDP', 'SCTP', 'tcp', 'udp', 'sctp'] },
    },
    ['port'],
  ),
};

const peers: Schema = {
  type: 'array',
  items: object({ ipBlock: object({ cidr: { type: 'string' } }, ['cidr']) }, ['ipBlock']),
};

function traffic(peerKey: 'from' | 'to'): Schema {
  return {
    type: 'array',
    items: object({
      [peerKey]: peers,
      ports,
      iface: strings,
      limit: { type: 'string', pattern: '^[0-9]+(KB|MB|GB|K|M|G)?$', description: 'Bytes per duration: 500MB.' },
      duration: { type: 'string', description: 'How often the count starts anew: 2h, 30m, 45s.' },
      severity: { type: 'integer' },
      tags: strings,
      message: { type: 'string' },
      action,
    }),
  };
}

export const networkPolicySections: Schema = {
  ...verdict,
  level: { type: 'string', enum: ['pod', 'policy', 'Pod', 'Policy'] },
  ingress: traffic('from'),
  egress: traffic('to'),
};
