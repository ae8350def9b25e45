import test from 'ava';
import { lintPolicy } from '#policy/lint/index.ts';

type Fields = Readonly<Record<string, unknown>>;

const NAME = 'kubearmor.io/container.name';

function found(spec: Fields): string[] {
  const policy = { apiVersion: 'security.kubearmor.com/v1', kind: 'KubeArmorPolicy', metadata: { name: 'p' }, spec };
  return lintPolicy(policy, { enforcer: 'bpf' }).map(({ rule, fix }) => `${rule} ${fix}`);
}

const rules = (spec: Fields) => found(spec).map((line) => line.slice(0, 5));
const long = `/srv/${'a-long-name/'.repeat(6)}`;
const deep = `/${'d/'.repeat(21)}x`;
const paths = (section: string, path: string, action: string) => ({ [section]: { matchPaths: [{ path }] }, action });
const directory = (section: string, rule: Fields, action = 'Block') => ({
  [section]: { matchDirectories: [rule] },
  action,
});

test('the limits of the kernel side do not hold for what is only reported', (t) => {
  t.deepEqual(rules(directory('file', { dir: long, recursive: true }, 'Audit')), []);
  t.deepEqual(rules(directory('file', { dir: long, recursive: true })), ['KA205']);
  t.deepEqual(rules(paths('file', deep, 'Audit')), []);
  t.deepEqual(rules(paths('file', deep, 'Block')), ['KA206']);
  const wide = `/srv/${'x'.repeat(194)}y`;
  t.deepEqual(rules(paths('file', wide, 'Audit')), []);
  t.deepEqual(rules(paths('file', wide, 'Block')), ['KA204']);
});

test('a list of containers beside labels is no expression, and an empty name is everybody', (t) => {
  const select = (matchLabels: Fields) =>
    found({ selector: { matchLabels }, ...paths('process', '/usr/bin/apt', 'Block') });
  t.deepEqual(
    select({ app: 'web', [NAME]: '[a,b]' }).map((line) => line.slice(0, 5)),
    ['KA102'],
  );
  t.deepEqual(select({ [NAME]: '' }), ['KA104 Write a name, or ".*" if all are meant.']);
});

test('a program in a directory of its own is no link', (t) => {
  t.deepEqual(rules(paths('process', '/usr/lib/jvm/java-8/bin/java', 'Block')), []);
  t.deepEqual(rules(paths('process', '/usr/bin/java', 'Block')), ['KA211']);
  t.deepEqual(rules({ process: { matchPaths: [{ execname: 'sh' }] }, action: 'Block' }), ['KA211']);
});

test('a directory with nothing but directories in it blocks nobody unless it is recursive', (t) => {
  for (const dir of ['/', '/usr/', '/usr/local/']) {
    t.deepEqual(rules(directory('process', { dir, recursive: false })), [], dir);
    t.deepEqual(rules(directory('process', { dir, recursive: true })), ['KA401'], dir);
  }
  t.deepEqual(rules(directory('file', { dir: '/', recursive: false })), []);
  t.deepEqual(rules(directory('file', { dir: '/', recursive: true })), ['KA402']);
});

test('what to write in place of a pattern', (t) => {
  const pattern = (section: string, text: string) =>
    found({ [section]: { matchPatterns: [{ pattern: text }] }, action: 'Block' });
  t.deepEqual(pattern('process', '/**/mv'), ['KA220 Write execname: mv in matchPaths.']);
  t.deepEqual(pattern('file', '/etc/.rhosts'), [
    'KA220 Write path: /etc/.rhosts in matchPaths: there is no wildcard in it.',
  ]);
  t.deepEqual(pattern('file', '/**/mv'), ['KA220 Use matchDirectories or matchPaths.']);
});

test('an Audit of anonymousMapExec is said to do nothing, and is not advised', (t) => {
  const preset = (name: string, action: string) => found({ presets: [{ name, action }] });
  t.deepEqual(preset('anonymousMapExec', 'Audit'), ['KA284 Write Block, or leave it away.']);
  t.deepEqual(preset('anonymousMapExec', 'Block'), ['KA284 Try it on a test node first: its Audit reports nothing.']);
  t.deepEqual(preset('exec', 'Block'), ['KA284 Write Audit.']);
  t.deepEqual(preset('exec', 'Audit'), []);
});
