import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { Header, Pax } from 'tar';
import { ArmorError } from '#errors';
import { packArchive, readArchive } from '#tools/bundle/archive.ts';
import { MAX_TOTAL_BYTES } from '#tools/bundle/dist-directory.ts';
import { temporaryDirectory } from '../signing/temporary-directory.ts';

interface Entry {
  readonly path: string;
  readonly type?: 'File' | 'SymbolicLink' | 'Link' | 'Directory' | 'CharacterDevice' | 'FIFO' | 'BlockDevice';
  readonly linkpath?: string;
  readonly content?: string;
}

/** A tar made by hand, with whatever an attacker would put into it. */
function tarOf(...entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ path, type = 'File', linkpath, content = '' }) => {
    const body = Buffer.from(content);
    const fields = {
      path,
      type,
      mode: 0o644,
      size: body.length,
      mtime: new Date(0),
      ...(linkpath !== undefined && { linkpath }),
    };
    const block = Buffer.alloc(512);
    const tooLong = new Header(fields).encode(block, 0);
    const padding = Buffer.alloc((512 - (body.length % 512)) % 512);
    return [...(tooLong ? [new Pax({ path, size: body.length }).encode()] : []), block, body, padding];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function archiveOf(t: ExecutionContext, bytes: Buffer): string {
  const file = join(temporaryDirectory(t), 'x.tar.gz');
  writeFileSync(file, bytes);
  return file;
}

const refuses = test.macro({
  async exec(t, bytes: Buffer, pattern: RegExp) {
    const file = archiveOf(t, bytes);
    const error = await t.throwsAsync(readArchive(file), { instanceOf: ArmorError });
    t.is(error?.code, 'DIST_TAMPERED');
    t.deepEqual(error?.where, { file });
    t.regex(error?.message ?? '', pattern);
  },
  title: (what) => `an archive with ${what} is refused`,
});

const good: Entry = { path: 'dist-1/a/b.json', content: '{}' };
const packed = (...entries: readonly Entry[]): Buffer => gzipSync(tarOf(...entries));

test('an archive made by hand reads like ours', async (t) => {
  const files = await readArchive(
    archiveOf(t, packed({ path: 'dist-1/', type: 'Directory' }, good, { path: 'dist-1/empty' })),
  );
  t.deepEqual(
    [...files].map(([path, bytes]) => [path, bytes.toString()]),
    [
      ['a/b.json', '{}'],
      ['empty', ''],
    ],
  );
});

test('a path that climbs', refuses, packed({ path: 'dist-1/../../etc/passwd' }), /leads out of the archive/);
test('a path that climbs at its start', refuses, packed({ path: '../x' }), /leads out/);
test('an absolute path', refuses, packed({ path: '/etc/passwd' }), /leads out/);
test('a path that climbs by backslashes', refuses, packed({ path: 'dist-1/..\\x' }), /leads out/);
test('a drive letter and a backslash', refuses, packed({ path: 'C:\\x' }), /leads out/);
test('a path of dots', refuses, packed({ path: 'dist-1/./x' }), /leads out/);
test('an empty step in a path', refuses, packed({ path: 'dist-1//x' }), /leads out/);
test('a long path that climbs', refuses, packed({ path: `dist-1/${'x'.repeat(200)}/../../../y` }), /leads out/);
test(
  'a symbolic link',
  refuses,
  packed(good, { path: 'dist-1/l', type: 'SymbolicLink', linkpath: '/etc/passwd' }),
  /is a SymbolicLink/,
);
test(
  'a hard link',
  refuses,
  packed(good, { path: 'dist-1/l', type: 'Link', linkpath: 'dist-1/a/b.json' }),
  /is a Link/,
);
test('a device', refuses, packed(good, { path: 'dist-1/d', type: 'CharacterDevice' }), /is a CharacterDevice/);
test('a pipe', refuses, packed(good, { path: 'dist-1/p', type: 'FIFO' }), /is a FIFO/);
test('a file that comes twice', refuses, packed(good, { ...good, content: '{"evil":1}' }), /comes twice/);
test('two folders', refuses, packed(good, { path: 'other/x' }), /exactly one folder/);
test('a file beside its folder', refuses, packed(good, { path: 'x' }), /not in the archive's folder/);
test('nothing in it', refuses, packed(), /exactly one folder|whole archive/);
test('no gzip around it', refuses, tarOf(good), /not a whole gzip archive/);
test('no tar in it', refuses, gzipSync('hello'.repeat(1000)), /not a whole archive/);
test('no content', refuses, Buffer.of(), /./);
test(
  'its end cut off',
  refuses,
  packed(good, { path: 'dist-1/big', content: noise(50_000) }).subarray(0, 20_000),
  /not a whole/,
);
test(
  'a tar that ends within a file',
  refuses,
  gzipSync(tarOf({ ...good, content: 'x'.repeat(5000) }).subarray(0, 2048)),
  /not a whole archive/,
);
test('a checksum that does not fit', refuses, gzipSync(flipped(tarOf(good), 3)), /not a whole archive/);
test(
  'damage in the compressed data',
  refuses,
  flipped(packed({ ...good, content: noise(10_000) }), 5000),
  /not a whole/,
);
test(
  'too many files',
  refuses,
  packed(...Array.from({ length: 20_001 }, (_, i) => ({ path: `d/${i}` }))),
  /more than 20000 entries/,
);

test('a decompression bomb ends at the bound, not in memory', async (t) => {
  // 300 MB of zeros in one entry: 300 kB on disk.
  const size = 300 * 1024 * 1024;
  const header = Buffer.alloc(512);
  new Header({ path: 'd/bomb', type: 'File', size, mode: 0o644, mtime: new Date(0) }).encode(header, 0);
  const zeros = gzipSync(Buffer.alloc(8 * 1024 * 1024));
  const bomb = Buffer.concat([gzipSync(header), ...Array.from({ length: size / (8 * 1024 * 1024) }, () => zeros)]);
  t.true(bomb.length < 1024 * 1024);
  const error = await t.throwsAsync(readArchive(archiveOf(t, bomb)), { instanceOf: ArmorError });
  t.regex(error?.message ?? '', new RegExp(`unpacks to more than ${MAX_TOTAL_BYTES} bytes`));
});

test('an archive that is not there, or a folder, is named', async (t) => {
  const dir = temporaryDirectory(t);
  t.is((await t.throwsAsync(readArchive(join(dir, 'none')), { instanceOf: ArmorError }))?.code, 'SOURCE_MISSING');
});

test('whatever files are packed come back, and packing them again gives the same bytes', async (t) => {
  const name = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,120}$/);
  const paths = fc.uniqueArray(
    fc.tuple(name, name).map((steps) => steps.join('/')),
    {
      maxLength: 8,
      minLength: 1,
      selector: (path) => path.toLowerCase(),
    },
  );
  await fc.assert(
    fc.asyncProperty(paths, fc.uint8Array({ maxLength: 2000 }), async (names, bytes) => {
      const dir = temporaryDirectory(t);
      for (const path of names) {
        mkdirSync(dirname(join(dir, 'in', path)), { recursive: true });
        writeFileSync(join(dir, 'in', path), bytes);
      }
      const archive = await packArchive(join(dir, 'in'), names, 'folder');
      writeFileSync(join(dir, 'x.tar.gz'), archive);
      const files = await readArchive(join(dir, 'x.tar.gz'));
      t.deepEqual([...files.keys()], names);
      for (const content of files.values()) t.true(content.equals(bytes));
      t.true((await packArchive(join(dir, 'in'), names, 'folder')).equals(archive));
    }),
    { numRuns: 25 },
  );
});

test('no changed byte of a tar is read as something unsafe, or makes it fail in another way', async (t) => {
  const whole = tarOf(good, { path: 'dist-1/second', content: 'x'.repeat(600) });
  const dir = temporaryDirectory(t);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
      const file = join(dir, `${at}-${change}.tar.gz`);
      writeFileSync(file, gzipSync(flipped(whole, at, change), { level: 1 }));
      try {
        for (const path of (await readArchive(file)).keys())
          t.false(path.startsWith('/') || path.split('/').includes('..'));
      } catch (error) {
        t.true(error instanceof ArmorError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test('the archive names no system and no time in its gzip header', async (t) => {
  const dir = temporaryDirectory(t);
  writeFileSync(join(dir, 'a'), 'x');
  const archive = await packArchive(dir, ['a'], 'folder');
  t.deepEqual([...archive.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
  t.is(gunzipSync(archive).length % 512, 0);
  t.is(readFileSync(join(dir, 'a'), 'utf8'), 'x');
});

/** Bytes that do not compress. */
function noise(length: number): string {
  let state = 1;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 2_147_483_647;
    return String.fromCharCode(33 + (state % 90));
  }).join('');
}

function flipped(bytes: Buffer, at: number, change = 0xff): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ change;
  return copy;
}
