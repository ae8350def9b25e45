import { resolve } from 'node:path';
import { Command } from 'commander';
import type { ArmorError } from '#errors';
import { usedImages } from '#tools/bundle/images.ts';
import { loadBundle } from '#tools/bundle/load-bundle.ts';
import type { CommandContext, ExitStatus } from '#tools/command.ts';
import { connectDocker } from '#tools/images/docker-engine.ts';
import { type LockLine, lockImages } from '#tools/images/lock-images.ts';
import { readRegistryLogins } from '#tools/images/registry-auth.ts';
import { writeLock } from '#tools/images/write-lock.ts';
import { loadSettings } from '#tools/load-settings.ts';
import { progressLine } from '#tools/progress-line.ts';

interface Options {
  readonly bundle: string;
  readonly json?: boolean;
}

/** One image in use, as `images show --json` lists it. */
export interface ImageLine {
  readonly image: string;
  readonly arch: string;
  readonly usedBy: readonly string[];
  /** Absent: not locked. */
  readonly digest?: string;
}

/** What `images lock --json` prints. */
export interface LockReport {
  readonly images: readonly LockLine[];
  readonly removed: readonly string[];
  readonly written: boolean;
  readonly errors: readonly ArmorError[];
}

export function define(context: CommandContext, done: (status: ExitStatus) => void): Command {
  const command = new Command().description(
    'Images that the services name, and the digests that a build deploys instead of their tags.',
  );
  command
    .command('lock')
    .description('Look up the digest of each image through the Docker engine and write images.lock.yaml.')
    .option('--bundle <dir>', 'directory of horizon-armor.yaml', '.')
    .option('--json', 'print the result as one JSON document')
    .action(async ({ bundle, json }: Options) => {
      const report = await lock(context, bundle);
      if (json) context.stdout.write(`${JSON.stringify(report)}\n`);
      else {
        context.stdout.write(
          table(report.images.map(({ image, arch, digest = '-', change }) => [image, arch, digest, change])),
        );
        for (const image of report.removed) context.stdout.write(`${image}: no longer used, removed\n`);
        for (const error of report.errors) context.stderr.write(`${error}\n`);
      }
      done(report.errors.length === 0 ? 0 : 1);
    });
  command
    .command('show')
    .description('List every image with the digest that images.lock.yaml has for it.')
    .option('--bundle <dir>', 'directory of horizon-armor.yaml', '.')
    .option('--json', 'print the list as one JSON document')
    .action(async ({ bundle, json }: Options) => {
      const images = await show(context, bundle);
      const rows = images.map(({ image, arch, digest = 'not locked', usedBy }) => [
        image,
        arch,
        digest,
        usedBy.join(' '),
      ]);
      context.stdout.write(json ? `${JSON.stringify(images)}\n` : table(rows));
      done(0);
    });
  return command;
}

/** Refreshes the lock; what could not be resolved is in `errors`, and keeps its old digest. */
export async function lock(
  { cwd, env, stderr }: Pick<CommandContext, 'cwd' | 'env' | 'stderr'>,
  dir: string,
): Promise<LockReport> {
  const [settings, engine, logins] = await Promise.all([
    loadSettings({ env }),
    connectDocker(env),
    readRegistryLogins(env),
  ]);
  const { services, images, dir: root } = await loadBundle(resolve(cwd, dir), settings);
  const progress = progressLine(stderr);
  progress.update('asking the registries');
  try {
    const {
      lock: locked,
      lines,
      removed,
      problems,
    } = await lockImages(usedImages(services), images.value, engine, logins);
    return { images: lines, removed, written: await writeLock(root, locked), errors: problems };
  } finally {
    progress.clear();
  }
}

/** What is in use and what is locked of it. Needs no Docker. */
export async function show({ cwd, env }: Pick<CommandContext, 'cwd' | 'env'>, dir: string): Promise<ImageLine[]> {
  const { services, images } = await loadBundle(resolve(cwd, dir), await loadSettings({ env }));
  const lines = new Map<string, { image: string; arch: string; usedBy: string[] }>();
  for (const { image, arch, service, container } of usedImages(services)) {
    const key = `${image} ${arch}`;
    const line = lines.get(key) ?? { image, arch, usedBy: [] };
    lines.set(key, { ...line, usedBy: [...line.usedBy, `${service}/${container}`] });
  }
  return [...lines.values()].map((line) => {
    const digest = images.value.images[line.image]?.[line.arch];
    return digest === undefined ? line : { ...line, digest };
  });
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
