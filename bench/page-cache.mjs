// The state of the memory that files are written to.
import { closeSync, ftruncateSync, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { MIB } from './stats.mjs';

const STEP_BYTES = 1024 * MIB;
/** A step that takes less than this part of its size from what is free has found no more to take. */
const PART_TAKEN = 0.25;
const FILLER_BYTES = 2 ** 42;

function freeMemoryBytes() {
    return Number(/^MemFree:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) * 1024;
}

/**
 * Fills the page cache, as it is on a machine that has been up for a while, by reading a file that
 * consists of one hole. A virtual machine may have given memory that was free for seconds back to
 * its host; the first write to such a page is many times slower, which would count against
 * whoever's turn comes after a pause, and not against what comes right after a removed file.
 */
export class PageCache {
    #file;
    #offset = 0;
    #buffer = Buffer.allocUnsafe(MIB);

    /** @param {string} folder on the disk that is measured, removed by its owner */
    constructor(folder) {
        this.#file = openSync(join(folder, 'filler'), 'w+');
        ftruncateSync(this.#file, FILLER_BYTES);
    }

    fill() {
        for (let before = freeMemoryBytes(), free = 0; ; before = free) {
            for (const end = this.#offset + STEP_BYTES; this.#offset < end;) {
                this.#offset += readSync(this.#file, this.#buffer, 0, MIB, this.#offset);
            }
            free = freeMemoryBytes();
            if (before - free < STEP_BYTES * PART_TAKEN) return;
        }
    }

    close() {
        closeSync(this.#file);
    }
}
