/** The temporary folder of a whole run, below which each test file has one; empty at the end. */
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { describe, kill, processesOf } from './processes.js';

declare module 'vitest' {
    export interface ProvidedContext {
        /** Absolute. */
        runFolder: string;
    }
}

export default function setup(project: TestProject): () => void {
    const folder = mkdtempSync(join(realpathSync(tmpdir()), 'kvz-cloud-test-'));
    project.provide('runFolder', folder);
    return () => {
        const names = readdirSync(folder);
        const running = processesOf(folder);
        kill(running);
        rmSync(folder, { recursive: true, force: true });
        const left = [
            ...running.map(describe),
            ...names.map((name) => `folder ${join(folder, name)}`),
        ];
        if (left.length === 0) return;
        // A file that came to its end has looked for itself.
        throw new Error(
            `test files whose process died leave something behind:\n  ${left.join('\n  ')}`,
        );
    };
}
