import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { putInto } from '../../src/worker/remote/shared-folder.js';
import { mountProblem, SmallDisk } from '../faults/helpers/small-disk.js';
import { temporaryFolder } from '../helpers/temporary.js';

it('gives a file a second name, in the place of what was there', async () => {
    const folder = temporaryFolder();
    const [path, target] = [join(folder, 'result'), join(folder, 'target')];
    writeFileSync(path, 'result');
    writeFileSync(target, 'what an earlier attempt has left');
    await putInto(path, target);
    expect(readFileSync(target, 'utf8')).toBe('result');
    expect(statSync(target).ino).toBe(statSync(path).ino);
});

it('says why a file cannot be put there', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'result');
    writeFileSync(path, 'result');
    await expect(putInto(path, join(folder, 'nowhere', 'target'))).rejects.toMatchObject({
        code: 'ENOENT',
    });
    mkdirSync(join(folder, 'taken'));
    await expect(putInto(path, join(folder, 'taken'))).rejects.toThrow(/taken/);
});

it.skipIf(mountProblem() !== undefined)('copies to another file system', async () => {
    const path = join(temporaryFolder(), 'result');
    writeFileSync(path, 'result');
    const target = join(new SmallDisk(1).folder, 'target');
    await putInto(path, target);
    expect(readFileSync(target, 'utf8')).toBe('result');
});
