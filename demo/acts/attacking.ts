import type { Finding } from '#agent/events/agent-event.ts';
import { performCase } from '#demo/scenarios/perform-case.ts';
import { waitUntil } from '#demo/wait-until.ts';
import type { TemplateCase } from '#tools/catalogue/template-tests.ts';
import { dockerName, type ProtectedPlay } from './play.ts';

interface Attempt {
  readonly template: string;
  readonly given: TemplateCase;
  readonly outcome: string;
}

/** Every workload of the lab does what its template is about: first the everyday use, then the attack. */
export async function attackEverything(play: ProtectedPlay): Promise<void> {
  const { stage, findings } = play;
  stage.act('Every use case of the catalogue is attacked; everyday use of the same things goes on');
  const everyday = tryAll(play, 'everyday');
  await settled(play, 0);
  const wrong = findings.filter(({ policy, workload }) => policy === workload?.container);
  stage.check(
    `${everyday.length} everyday uses: none refused, none reported`,
    wrong.length === 0 && everyday.every(({ outcome }) => outcome === 'Passed'),
  );
  for (const { policy, target, executable } of wrong) stage.say(`reported: ${policy} ${executable} → ${target}`);

  const before = findings.length;
  const attacks = tryAll(play, 'attack');
  await settled(play, attacks.length);
  const answers = attacks.map((attack) => ({ attack, finding: answerTo(attack, findings.slice(before)) }));
  stage.table(
    ['USE CASE', 'ATTACK', 'OUTCOME', 'BY', 'LAYER', 'COMPLIANCE'],
    firstOfEach(answers).map(({ attack, finding }) => [
      attack.template,
      attack.given.name,
      finding?.outcome ?? (attack.outcome === 'Passed' ? 'unnoticed' : 'refused in silence'),
      finding?.policy ?? '-',
      finding?.layer ?? '-',
      complianceOf(finding),
    ]),
  );
  const right = answers.filter(({ attack, finding }) => isAsExpected(attack, finding));
  stage.check(
    `${right.length} of ${attacks.length} attacks blocked or audited as the catalogue says`,
    right.length === attacks.length,
  );
  for (const { attack, finding } of answers) {
    if (!isAsExpected(attack, finding))
      stage.say(
        `${attack.template}: ${attack.given.name}: expected ${attack.given.expect}, got ${finding?.outcome ?? attack.outcome}`,
      );
  }
  const byAgent = findings.filter(({ attributedBy }) => attributedBy === 'agent').length;
  stage.say(
    `${findings.length} findings, ${byAgent} of them attributed by the agent: KubeArmor names no policy for the first container that a policy applied earlier selects`,
  );
}

/** The cases that need no values of their own: the lab attaches each template once. */
function tryAll({ lab, machine, ...play }: ProtectedPlay, kind: TemplateCase['kind']): Attempt[] {
  return lab.flatMap(({ template, tests }) =>
    tests.cases
      .filter((given) => given.kind === kind && Object.keys(given.ownValues).length === 0)
      .map((given) => ({
        template: template.id,
        given,
        outcome: performCase(machine, dockerName({ lab, machine, ...play }, template.id), given),
      })),
  );
}

/** Events travel by gRPC, and halves of a denial wait for each other: until nothing more has come for a while. */
async function settled({ findings }: ProtectedPlay, atLeast: number): Promise<void> {
  let seen = -1;
  let since = performance.now();
  await waitUntil('events to arrive', () => {
    if (findings.length !== seen) since = performance.now();
    seen = findings.length;
    return performance.now() - since > (seen >= atLeast ? 1300 : 2500);
  });
}

/**
 * What was said of an attack: by its template, or by whatever else holds for the workload. Where two policies audit one
 * thing KubeArmor names one of them, and what an Allow list does not name is nobody's but DefaultPosture's.
 */
function answerTo({ template, given }: Attempt, findings: readonly Finding[]): Finding | undefined {
  const here = findings.filter(({ workload }) => workload?.container === template);
  const subject =
    given.exec ?? given.read ?? given.write ?? given.change ?? given.query ?? given.capability ?? given.syscall;
  const fits = ({ target }: Finding): boolean =>
    subject === undefined || target.startsWith(subject.replace(/^memfd:.*/, 'memfd'));
  return (
    here.find((finding) => finding.policy === template && fits(finding)) ??
    here.find(fits) ??
    here.find(({ policy }) => policy === template)
  );
}

/** A denied rename leaves no event (KubeArmor's limit): the refusal itself is the answer then. */
function isAsExpected({ given, outcome }: Attempt, finding: Finding | undefined): boolean {
  if (given.expect === 'Block') return outcome !== 'Passed' && (finding === undefined || finding.outcome === 'blocked');
  return given.expect === 'Audit' && outcome === 'Passed' && finding?.outcome === 'audited';
}

function firstOfEach<T extends { readonly attack: Attempt }>(answers: readonly T[]): T[] {
  const seen = new Set<string>();
  return answers.filter(({ attack: { template } }) => !seen.has(template) && seen.add(template));
}

function complianceOf(finding: Finding | undefined): string {
  const pick = (framework: RegExp): string | undefined =>
    finding?.compliance.find((each) => framework.test(each.framework))?.id;
  return [pick(/ATT&CK$/), pick(/62443-3-3/)].filter((id) => id !== undefined).join(', ');
}
