import test from 'ava';
import { BLOCK, decides, NOTHING, policy } from './decides.ts';
import { hook, open } from './raw-events.ts';

const deep = `/${'d'.repeat(30)}/${'e'.repeat(30)}/`;
const long = `/data/${'a'.repeat(214)}`;
test(
  'a path is matched exactly, by anybody',
  decides,
  [policy({ file: { matchPaths: [{ path: '/etc/shadow' }] }, action: 'Block' })],
  [
    [open('/etc/shadow'), 'blocked p file.matchPaths[0]'],
    [open('/etc/shadow-'), NOTHING],
    [hook('FILE_UNLINK', '/etc/shadow'), 'blocked p file.matchPaths[0]'],
  ],
);

test(
  'a flat directory holds its direct children, a recursive one everything below',
  decides,
  [
    policy({
      file: { matchDirectories: [{ dir: '/flat/' }, { dir: '/deep/', recursive: true }] },
      action: 'Block',
    }),
  ],
  [
    [open('/flat/a'), 'blocked p file.matchDirectories[0]'],
    [open('/flat/a/b'), NOTHING],
    [open('/flat'), 'blocked p file.matchDirectories[0]'],
    [open('/deep/a/b/c'), 'blocked p file.matchDirectories[1]'],
  ],
);

test(
  'a directory without its slash is none (§4.10)',
  decides,
  [policy({ file: { matchDirectories: [{ dir: '/data/sub', recursive: true }] }, action: 'Block' })],
  [[open('/data/sub/s.txt'), NOTHING]],
);

test(
  'directories are looked for within the first 64 bytes of a path (§4.9)',
  decides,
  [
    policy({
      file: {
        matchDirectories: [
          { dir: deep, recursive: true },
          { dir: `${deep}f/`, recursive: true },
        ],
      },
      action: 'Block',
    }),
  ],
  [
    [open(`${deep}x`), 'blocked p file.matchDirectories[0]'],
    [open(`${deep}f/x`), 'blocked p file.matchDirectories[0]'],
  ],
);
test(
  'a directory beyond 64 bytes never matches',
  decides,
  [policy({ file: { matchDirectories: [{ dir: `${deep}f/`, recursive: true }] }, action: 'Block' })],
  [[open(`${deep}f/x`), NOTHING]],
);

test(
  'a path of 200 bytes or more never matches (§4.9)',
  decides,
  [policy({ file: { matchPaths: [{ path: long }, { path: long.slice(0, 150) }] }, action: 'Block' })],
  [
    [open(long), NOTHING],
    [open(long.slice(0, 150)), 'blocked p file.matchPaths[1]'],
  ],
);

test(
  'readOnly with Block lets reading pass, and refuses writing, creating and removing',
  decides,
  [policy({ file: { matchDirectories: [{ dir: '/etc/ssl/', recursive: true, readOnly: true }] }, action: 'Block' })],
  [
    [open('/etc/ssl/ca.pem'), 'allowed p file.matchDirectories[0]'],
    [open('/etc/ssl/ca.pem', 'O_WRONLY|O_APPEND'), 'blocked? later-write p file.matchDirectories[0]'],
    [open('/etc/ssl/new', 'O_WRONLY|O_CREAT'), 'blocked? creation p file.matchDirectories[0]'],
    [open('/etc/ssl/ca.pem', 'O_WRONLY|O_CREAT|O_TRUNC'), 'blocked p file.matchDirectories[0]'],
    [hook('FILE_PERMISSION', '/etc/ssl/ca.pem'), 'blocked p file.matchDirectories[0]'],
    [hook('FILE_MKDIR', '/etc/ssl/d'), 'blocked p file.matchDirectories[0]'],
  ],
);

test(
  'readOnly with Allow refuses writes, but neither mkdir nor unlink',
  decides,
  [policy({ file: { matchDirectories: [{ dir: '/etc/', recursive: true, readOnly: true }] }, action: 'Allow' })],
  [
    [hook('FILE_PERMISSION', '/etc/x'), 'blocked p file.matchDirectories[0]'],
    [hook('FILE_UNLINK', '/etc/x'), 'allowed p file.matchDirectories[0]'],
  ],
  BLOCK,
);

test(
  'an open of a path only, and the root directory, are not asked about',
  decides,
  [policy({ file: { matchDirectories: [{ dir: '/', recursive: true }] }, action: 'Block' })],
  [
    [open('/etc/x', 'O_PATH|O_CLOEXEC'), NOTHING],
    [open('/'), NOTHING],
    [open('/etc/x'), 'blocked p file.matchDirectories[0]'],
  ],
);

test(
  'several Audit rules: the first gives its name',
  decides,
  [
    policy({ file: { matchPaths: [{ path: '/etc/passwd' }] }, action: 'Audit' }, 'one'),
    policy({ file: { matchDirectories: [{ dir: '/etc/' }] }, action: 'Audit' }, 'two'),
  ],
  [[open('/etc/passwd'), 'audited one file.matchPaths[0], also two']],
);

test(
  'a path with a blank is enforced, but not audited: the feeder stops at the blank',
  decides,
  [
    policy({
      file: {
        matchPaths: [
          { path: '/data/my file', action: 'Block' },
          { path: '/data/our file', action: 'Audit' },
        ],
      },
    }),
  ],
  [
    [open('/data/my file'), 'blocked p file.matchPaths[0]'],
    [open('/data/our file'), NOTHING],
  ],
);

test(
  'patterns are not enforced under BPF-LSM, and audit only if Go can compile them',
  decides,
  [
    policy({
      file: {
        matchPatterns: [
          { pattern: '/home/*/x.txt', action: 'Block' },
          { pattern: '/etc/*.conf', action: 'Audit' },
          { pattern: '/var/**', action: 'Audit' },
        ],
      },
    }),
  ],
  [
    [open('/home/u/x.txt'), NOTHING],
    [open('/etc/a.conf'), 'audited p file.matchPatterns[1]'],
    [open('/var/log/x'), NOTHING],
  ],
);

test(
  'ownerOnly hangs on an owner that only the stdout JSON tells, and on whether the file is of the image',
  decides,
  [policy({ file: { matchPaths: [{ path: '/home/u.txt', ownerOnly: true }] }, action: 'Block' })],
  [
    [open('/home/u.txt'), 'blocked? owner p file.matchPaths[0]'],
    [open('/home/u.txt', 'O_RDONLY', { UID: 1000, OID: 0 }), 'blocked p file.matchPaths[0]'],
    [open('/home/u.txt', 'O_RDONLY', { UID: 1000, OID: 1000 }), 'blocked? image-file p file.matchPaths[0]'],
    [open('/home/u.txt', 'O_RDONLY', { UID: 0, OID: 0 }), 'allowed p file.matchPaths[0]'],
  ],
);
