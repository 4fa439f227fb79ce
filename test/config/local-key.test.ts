import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readLocalKey, removeLocalKey, writeLocalKey } from '../../src/config/local-key.js';
import { temporaryFolder } from '../helpers/temporary.js';

it('a local key is for its user alone, a new one each time, and gone with its daemon', () => {
    const folder = temporaryFolder();
    expect(readLocalKey(folder)).toBeUndefined();
    const first = writeLocalKey(folder);
    expect(first).toHaveLength(32);
    expect(readLocalKey(folder)).toEqual(first);
    expect(statSync(join(folder, 'local.key')).mode & 0o777).toBe(0o600);
    const second = writeLocalKey(folder);
    expect(second).not.toEqual(first);
    expect(readLocalKey(folder)).toEqual(second);
    removeLocalKey(folder);
    expect(readLocalKey(folder)).toBeUndefined();
});

it.each(['', 'short', 'x'.repeat(64), '0'.repeat(65)])('%j is no key', (text) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'local.key'), text);
    expect(readLocalKey(folder)).toBeUndefined();
});

it('neither a pipe that nobody writes to nor a folder is a key', () => {
    const pipe = temporaryFolder();
    execFileSync('mkfifo', [join(pipe, 'local.key')]);
    expect(readLocalKey(pipe)).toBeUndefined();
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'local.key'));
    expect(readLocalKey(folder)).toBeUndefined();
});
