import test from 'ava';
import fc from 'fast-check';
import { ArmorError, ArmorErrors } from '#errors';
import { runInOrder, type Task } from '#tools/hub/schedule.ts';

const rejected = (id: string, code: 'HUB_REJECTED' | 'HUB_UNREACHABLE' = 'HUB_REJECTED'): ArmorError =>
  new ArmorError(code, id, { request: id }, 'fix');

test('whatever the needs: everything runs once, and after what it needs', async (t) => {
  const graph = fc
    .array(fc.array(fc.nat({ max: 9 }), { maxLength: 3 }), { minLength: 1, maxLength: 10 })
    // Needs of later ones only: no cycles.
    .map((needs) => needs.map((list, index) => list.filter((need) => need < index)));
  await fc.assert(
    fc.asyncProperty(graph, async (needs) => {
      const done: string[] = [];
      const tasks = needs.map(
        (list, index): Task<number> => ({
          id: `${index}`,
          needs: list.map(String),
          run: async () => {
            await Promise.resolve();
            for (const need of list) t.true(done.includes(`${need}`));
            done.push(`${index}`);
            return index;
          },
        }),
      );
      t.is((await runInOrder(tasks.toReversed())).length, needs.length);
      t.is(new Set(done).size, needs.length);
    }),
    { numRuns: 50 },
  );
});

test('independent tasks run at once', async (t) => {
  let running = 0;
  let most = 0;
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const task = (id: string): Task<true> => ({
    id,
    needs: [],
    run: async () => {
      running += 1;
      most = Math.max(most, running);
      if (running === 3) resolve();
      await all;
      return true;
    },
  });
  await runInOrder(['a', 'b', 'c'].map(task));
  t.is(most, 3);
});

test('a cycle does not hang', async (t) => {
  const run = async (): Promise<true> => true;
  const results = await runInOrder([
    { id: 'a', needs: ['b'], run },
    { id: 'b', needs: ['c'], run },
    { id: 'c', needs: ['a'], run },
  ]);
  t.is(results.length, 3);
});

test('a failure takes what needs it along, and nothing else', async (t) => {
  const done: string[] = [];
  const task = (id: string, needs: string[], error?: ArmorError): Task<true> => ({
    id,
    needs,
    run: async () => {
      if (error !== undefined) throw error;
      done.push(id);
      return true;
    },
  });
  const error = await t.throwsAsync(
    runInOrder([
      task('a', [], rejected('a')),
      task('b', ['a']),
      task('c', ['b']),
      task('d', [], rejected('d')),
      task('e', []),
    ]),
    { instanceOf: ArmorErrors },
  );
  t.deepEqual(done, ['e']);
  t.deepEqual(
    error?.errors.map(({ message }) => message),
    ['a', 'd'],
  );
});

test('when the hub cannot be reached nothing further is started', async (t) => {
  const done: string[] = [];
  const gone: Task<true> = {
    id: 'gone',
    needs: [],
    run: async () => {
      throw rejected('gone', 'HUB_UNREACHABLE');
    },
  };
  const later: Task<true> = {
    id: 'later',
    needs: ['first'],
    run: async () => {
      done.push('later');
      return true;
    },
  };
  const first: Task<true> = {
    id: 'first',
    needs: [],
    run: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return true;
    },
  };
  await t.throwsAsync(runInOrder([first, gone, later]), { code: 'HUB_UNREACHABLE' });
  t.deepEqual(done, []);
});

test('an interruption starts nothing further', async (t) => {
  const abort = new AbortController();
  const done: string[] = [];
  const task = (id: string, needs: string[]): Task<true> => ({
    id,
    needs,
    run: async () => {
      done.push(id);
      abort.abort(new Error('interrupted'));
      return true;
    },
  });
  await t.throwsAsync(runInOrder([task('a', []), task('b', ['a'])], { signal: abort.signal }), {
    message: 'interrupted',
  });
  t.deepEqual(done, ['a']);
});
