import test from 'ava';
import { readSettings } from '#agent/settings.ts';
import { readPage, tableRows } from './markdown.ts';

const REQUIRED = {
  HZN_ORGANIZATION: 'acme',
  HZN_NODE_ID: 'edge-1',
  HZN_ESS_API_ADDRESS: '/run/ess.sock',
  ARMOR_TRUSTED_KEYS: 'a'.repeat(64),
};

/** Variable → default as docs/agent.md has it. */
function documented(): Map<string, string> {
  const { text } = readPage('docs/agent.md');
  const section = text.slice(text.indexOf('<!-- settings -->'), text.indexOf('<!-- end of settings -->'));
  return new Map(
    tableRows(section).flatMap(([name = '', value = '']): [string, string][] => {
      const variable = /^`(\w+)`$/.exec(name)?.[1];
      return variable === undefined ? [] : [[variable, value]];
    }),
  );
}

test('docs/agent.md has every variable that the agent reads, and no other', (t) => {
  const read = new Set<string>();
  readSettings(
    new Proxy<Record<string, string>>(REQUIRED, {
      get(target, name) {
        read.add(String(name));
        return target[String(name)];
      },
    }),
  );
  t.deepEqual([...documented().keys()].sort(), [...read].sort());
});

test('the defaults in docs/agent.md are the defaults', (t) => {
  const settings = readSettings(REQUIRED);
  const given = [...documented()].flatMap(([name, value]): [string, string][] => {
    const literal = /^`(.*)`$/.exec(value)?.[1];
    return literal === undefined ? [] : [[name, literal]];
  });
  t.true(given.length > 10);
  for (const [name, value] of given) t.deepEqual(readSettings({ ...REQUIRED, [name]: value }), settings, name);
});

test('what docs/agent.md calls required is', (t) => {
  const required = [...documented()].flatMap(([name, value]) => (value === 'required' ? [name] : []));
  t.deepEqual(required, ['HZN_ORGANIZATION', 'HZN_NODE_ID', 'ARMOR_TRUSTED_KEYS']);
  for (const name of required) t.throws(() => readSettings({ ...REQUIRED, [name]: '' }), { message: /is not set/ });
});
