/** A disk on which a daemon's writes fail at random, as long as a test says; see failing-writes.cc. */
import { execFileSync } from 'node:child_process';
import { openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryFolder } from '../../helpers/temporary.js';

const CODE = fileURLToPath(new URL('failing-writes.cc', import.meta.url));

/** `struct Control` of the code: where its 32-bit numbers are. */
const AT = { perMillion: 0, error: 4, withDatabase: 8, state: 12, failed: 16 };
const CONTROL_BYTES = 20;

export interface Failures {
    /** Of a million writes. */
    perMillion: number;
    error: 'ENOSPC' | 'EIO';
    /** SQLite's files as well. */
    withDatabase: boolean;
    seed: number;
}

export class FailingWrites {
    /** For the daemon's process. */
    readonly env: NodeJS.ProcessEnv;
    readonly #path: string;
    readonly #file: number;

    /** @param root the folder below which writes fail */
    constructor(root: string) {
        const folder = temporaryFolder();
        const library = join(folder, 'failing-writes.so');
        // The compiler that better-sqlite3 is built with where there is no build of it to be had.
        execFileSync('c++', ['-std=c++17', '-O1', '-fPIC', '-shared', '-o', library, CODE, '-ldl']);
        this.#path = join(folder, 'control');
        writeFileSync(this.#path, Buffer.alloc(CONTROL_BYTES));
        this.#file = openSync(this.#path, 'r+');
        this.env = {
            LD_PRELOAD: library,
            FAILING_WRITES_ROOT: root,
            FAILING_WRITES_CONTROL: this.#path,
        };
    }

    /** Writes that failed so far. */
    get count(): number {
        return readFileSync(this.#path).readUInt32LE(AT.failed);
    }

    begin({ perMillion, error, withDatabase, seed }: Failures): void {
        this.#set(AT.state, seed);
        this.#set(AT.error, constants.errno[error]);
        this.#set(AT.withDatabase, withDatabase ? 1 : 0);
        this.#set(AT.perMillion, perMillion);
    }

    end(): void {
        this.#set(AT.perMillion, 0);
    }

    #set(at: number, value: number): void {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32LE(value);
        writeSync(this.#file, bytes, 0, bytes.length, at);
    }
}
