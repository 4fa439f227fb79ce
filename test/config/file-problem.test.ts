import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fileProblem, folderProblem } from '../../src/config/file-problem.js';
import { readJsonObject } from '../../src/config/json-file.js';
import { temporaryFolder } from '../helpers/temporary.js';

const errorOf = (work: () => unknown): unknown => {
    try {
        return work();
    } catch (error) {
        return error;
    }
};

it('says in words what the system says in codes', () => {
    const missing = errorOf(() => readFileSync(join(temporaryFolder(), 'x')));
    expect(fileProblem(missing)).toBe('no such file');
    expect(folderProblem(missing)).toBe('no such folder');
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    expect(folderProblem(full)).toBe('the disk is full');
    expect(fileProblem(Object.assign(new Error('as it is'), { code: 'EMFILE' }))).toBe('as it is');
    expect(fileProblem(new Error('no code'))).toBe('no code');
});

it('names a settings file that cannot be read', () => {
    const path = join(temporaryFolder(), 'config.json');
    mkdirSync(path);
    expect(() => readJsonObject(path)).toThrow(`${path}: is a folder`);
});
