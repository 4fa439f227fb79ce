/** A file system of a few MiB, where the system lets the tests mount one. */
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, rmdirSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../../helpers/temporary.js';
import { MIB } from './scene.js';

function mount(folder: string, mebibytes: number): void {
    const options = `size=${mebibytes}m,mode=0700`;
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'pipe' });
}

function unmount(folder: string): void {
    // Lazy: a process that still looks into it must not keep it.
    execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' });
}

/** Why no file system can be mounted here; undefined when one can be. */
export function mountProblem(): string | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'kvz-cloud-mount-'));
    try {
        mount(folder, 1);
        unmount(folder);
        return undefined;
    } catch (error) {
        return (error as Error).message.trim().split('\n').at(-1);
    } finally {
        rmdirSync(folder);
    }
}

export class SmallDisk {
    readonly folder: string;

    /** It is gone when the test ends. */
    constructor(mebibytes: number) {
        this.folder = join(temporaryFolder(), 'disk');
        mkdirSync(this.folder);
        mount(this.folder, mebibytes);
        onTestFinished(() => unmount(this.folder));
    }

    /** Writes until nothing more fits. */
    fill(): void {
        const file = openSync(this.#ballast, 'w');
        try {
            for (let bytes = MIB; bytes >= 1;) {
                try {
                    writeSync(file, Buffer.alloc(bytes));
                } catch (error) {
                    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
                    bytes /= 2;
                }
            }
        } finally {
            closeSync(file);
        }
    }

    /** Gives back what {@link fill} took. */
    relieve(): void {
        rmSync(this.#ballast);
    }

    get #ballast(): string {
        return join(this.folder, 'ballast');
    }
}
