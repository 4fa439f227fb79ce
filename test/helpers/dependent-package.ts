/** A package that depends on this one, to try the examples of its documents as a user would. */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { temporaryFolder } from './temporary.js';

const execute = promisify(execFile);

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The TypeScript in a document of the project, one text for each example. */
export function documentedExamples(document: string): string[] {
    const text = readFileSync(join(ROOT, document), 'utf8');
    return [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code]) => code ?? '');
}

/** Strict, and the package's own declarations are checked as well. */
const TSCONFIG = {
    compilerOptions: {
        target: 'es2022',
        lib: ['es2023', 'dom', 'dom.asynciterable'],
        module: 'nodenext',
        strict: true,
        types: ['node'],
        outDir: 'built',
        rootDir: '.',
    },
    include: ['*.ts'],
};

/** @returns its folder, which is gone after the test file */
export function dependentPackage(): string {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'node_modules/@types'), { recursive: true });
    symlinkSync(ROOT, join(folder, 'node_modules/kvz-cloud'));
    symlinkSync(join(ROOT, 'node_modules/@types/node'), join(folder, 'node_modules/@types/node'));
    const manifest = { name: 'dependent', type: 'module' };
    writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG));
    return folder;
}

/** Type-checks the examples and compiles them to `built/0.js`, `built/1.js` … */
export async function buildExamples(folder: string, examples: readonly string[]): Promise<void> {
    for (const [i, code] of examples.entries()) writeFileSync(join(folder, `${i}.ts`), code);
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const typed = await execute(process.execPath, [tsc, '-p', folder]).catch(
        (error: { stdout: string }) => error,
    );
    expect(typed.stdout).toBe('');
}
