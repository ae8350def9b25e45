import test from 'ava';
import { complianceId, complianceProblem, complianceTag, frameworks } from '#policy/compliance.ts';
import type { ComplianceId } from '#policy/payload.ts';

/** How the ids of each framework look; whatever does not is a slip of the pen. */
const SHAPES: Readonly<Record<string, RegExp>> = {
  'MITRE ATT&CK': /^T1\d{3}(\.\d{3})?$/,
  'MITRE ATT&CK for ICS': /^T0\d{3}(\.\d{3})?$/,
  // Requirement enhancements as either part writes them: "SR 3.4 RE 1", "CR 3.4 RE(1)".
  'IEC 62443-3-3': /^SR [1-7]\.\d{1,2}( RE [1-4])?$/,
  'IEC 62443-4-2': /^(CR|SAR|EDR|HDR|NDR) [1-7]\.\d{1,2}( RE\([1-4]\))?$|^CCSC [1-4]$/,
  'NIST SP 800-53': /^[A-Z]{2}-\d{1,2}(\(\d{1,2}\))?$/,
  'CIS Docker Benchmark': /^[1-7](\.\d{1,2}){1,2}$/,
};

test('every framework that the project promises ships with its ids', (t) => {
  t.deepEqual(
    frameworks.map(({ framework }) => framework),
    Object.keys(SHAPES),
  );
});

for (const { framework, ids } of frameworks) {
  test(`${framework}: ids have their shape, and a title each`, (t) => {
    for (const [id, title] of Object.entries(ids)) {
      t.regex(id, SHAPES[framework] ?? /^$/);
      t.regex(title, /^\S.*\S$/);
    }
  });
}

/** Well-known ids, as their publishers title them: the lists are what they claim to be. */
const anchors: readonly [framework: string, id: string, title: string][] = [
  ['MITRE ATT&CK', 'T1611', 'Escape to Host'],
  ['MITRE ATT&CK', 'T1553.004', 'Subvert Trust Controls: Install Root Certificate'],
  ['MITRE ATT&CK for ICS', 'T0851', 'Rootkit'],
  ['IEC 62443-3-3', 'SR 3.4', 'Software and information integrity'],
  ['IEC 62443-3-3', 'SR 7.7', 'Least functionality'],
  ['IEC 62443-3-3', 'SR 3.4 RE 1', 'Automated notification about integrity violations'],
  ['IEC 62443-3-3', 'SR 5.2 RE 1', 'Deny by default, allow by exception'],
  // Part 4-2 words these two unlike part 3-3 does.
  ['IEC 62443-4-2', 'CR 1.8', 'Public key infrastructure certificates'],
  ['IEC 62443-4-2', 'CR 1.9', 'Strength of public key-based authentication'],
  ['IEC 62443-4-2', 'CR 3.4 RE(2)', 'Automated notification of integrity violations'],
  ['IEC 62443-4-2', 'EDR 3.12', 'Provisioning product supplier roots of trust'],
  ['IEC 62443-4-2', 'HDR 3.14', 'Integrity of the boot process'],
  ['IEC 62443-4-2', 'NDR 5.2 RE(1)', 'Deny all, permit by exception'],
  ['IEC 62443-4-2', 'NDR 5.2', 'Zone boundary protection'],
  ['NIST SP 800-53', 'CM-7(5)', 'Least Functionality: Authorized Software — Allow-by-exception'],
  ['NIST SP 800-53', 'AC-6(10)', 'Least Privilege: Prohibit Non-privileged Users from Executing Privileged Functions'],
  ['CIS Docker Benchmark', '5.32', 'Ensure that the Docker socket is not mounted inside any containers'],
];
for (const [framework, id, title] of anchors) {
  test(`${framework} ${id} is "${title}"`, (t) => {
    t.is(complianceId(framework, id)?.title, title);
  });
}

test('ids that other catalogues got wrong are not taken for what they are not', (t) => {
  // Templates elsewhere tag root certificates with T1055 and maintenance tools with T1553 (discovery.md §2.2).
  t.is(complianceId('MITRE ATT&CK', 'T1055')?.title, 'Process Injection');
  t.is(complianceId('MITRE ATT&CK', 'T1553')?.title, 'Subvert Trust Controls');
  // Withdrawn by NIST, and a requirement that IEC 62443-4-2 does not have.
  t.is(complianceId('NIST SP 800-53', 'IA-5(4)'), undefined);
  t.is(complianceId('IEC 62443-4-2', 'CR 5.4'), undefined);
});

test('every requirement enhancement has its requirement', (t) => {
  for (const { framework, ids } of frameworks.filter((known) => known.framework.startsWith('IEC'))) {
    const orphans = Object.keys(ids).filter((id) => ids[id.replace(/ RE.*/, '')] === undefined);
    t.deepEqual(orphans, [], framework);
  }
});

test('a type of component has a requirement only where all components have none of that number', (t) => {
  // IEC 62443-4-2 moves a requirement out of CR into SAR, EDR, HDR and NDR, never both.
  const { ids = {} } = frameworks.find(({ framework }) => framework === 'IEC 62443-4-2') ?? {};
  const typed = Object.keys(ids).filter((id) => /^(SAR|EDR|HDR|NDR) \S+$/.test(id));
  t.true(typed.length > 0);
  t.deepEqual(
    typed.filter((id) => complianceId('IEC 62443-4-2', `CR ${id.split(' ')[1]}`) !== undefined),
    [],
  );
});

const right: ComplianceId = {
  framework: 'NIST SP 800-53',
  version: '5.1.1',
  id: 'SI-7',
  title: 'Software, Firmware, and Information Integrity',
  source: 'https://doi.org/10.6028/NIST.SP.800-53r5',
};

test('an entry that is exactly right has no problem', (t) => {
  t.is(complianceProblem(right), undefined);
});

for (const [change, message] of [
  [{ framework: 'NIST SP 800-52' }, /unknown framework/],
  [{ version: '4' }, /the version of SI-7/],
  [{ id: 'SI-77' }, /has no "SI-77"/],
  [{ title: 'Integrity' }, /the title of SI-7/],
  [{ source: 'https://example.org' }, /the source of SI-7/],
] as const) {
  test(`an entry with ${JSON.stringify(change)} is refused`, (t) => {
    t.regex(complianceProblem({ ...right, ...change })?.message ?? '', message);
  });
}

test('tags read like those of KubeArmor’s own templates', (t) => {
  const tags = [
    complianceId('MITRE ATT&CK', 'T1553.004'),
    complianceId('MITRE ATT&CK for ICS', 'T0849'),
    complianceId('IEC 62443-3-3', 'SR 3.4'),
    complianceId('NIST SP 800-53', 'SI-7(1)'),
  ].map((entry) => entry && complianceTag(entry));
  t.deepEqual(tags, [
    'MITRE_T1553.004_install_root_certificate',
    'MITRE_ICS_T0849_masquerading',
    'IEC_62443-3-3_SR_3.4',
    'NIST_800-53_SI-7(1)',
  ]);
});
