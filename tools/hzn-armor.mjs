#!/usr/bin/env node
// JavaScript, so that the compile cache is on before anything has to be compiled: --help answers in a third of the time.
// It also runs on a Node that is too old for the rest, and says so.
import module from 'node:module';

if (process.features.typescript === undefined || process.features.typescript === false) {
  process.stderr.write(
    `hzn-armor needs Node 24.15 or newer, this is ${process.version}. "npm ci" brings one: call it as "npx hzn-armor".\n`,
  );
  process.exitCode = 2;
} else {
  module.enableCompileCache();
  await import('./cli.ts');
}
