import test from 'ava';
import Docker from 'dockerode';
import { startDockerProxy } from '#demo/simulators/docker/docker-proxy.ts';
import { followDocker } from '#demo/simulators/kubearmor/follow-docker.ts';
import { Machine } from '#demo/simulators/kubearmor/machine.ts';
import { until } from './kubearmor/lab.ts';

test('a simulated machine follows an engine: what runs, starts, crashes, stops and goes', async (t) => {
  const engine = new Machine();
  const proxy = await startDockerProxy(engine);
  t.teardown(() => proxy.close());
  const labels = { 'openhorizon.anax.service_name': 'web' };
  const before = engine.run({ name: 'before', labels });
  const { hostname, port } = new URL(proxy.url);
  const ending = new AbortController();
  t.teardown(() => ending.abort());
  const follower = new Machine();
  const told: string[] = [];
  follower.listen({ event: ({ action, container }) => told.push(`${action} ${container.name}`) });
  await followDocker(new Docker({ protocol: 'http', host: hostname, port }), follower, ending.signal);
  t.like(follower.container('before'), { id: before.id, labels, running: true });

  const web = engine.run({ name: 'web', image: 'web:1', labels });
  engine.crash('web');
  engine.stop('web');
  engine.remove('web');
  await until(() => told.includes('destroy web'));
  t.deepEqual(told.slice(2), [
    'create web',
    'start web',
    'die web',
    'start web', // no stop in between: the crash
    'die web',
    'stop web',
    'destroy web',
  ]);
  t.is(web.image, 'web:1');
  t.throws(() => follower.container('web'), { instanceOf: RangeError });
});
