/**
 * Set up for every test file: it gets a temporary folder of its own, and fails when at its end a
 * process that it started still runs, a port is still listened on, or a file is left there.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import inspector from 'node:inspector';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, expect, inject } from 'vitest';
import { describe, kill, listeningPorts, processesOf } from './processes.js';

/** What was told to end is given this long to be gone, on a machine that is busy with other files. */
const PATIENCE_MS = 30_000;
const LOOK_MS = 50;

const testFile = basename(expect.getState().testPath ?? 'test', '.test.ts');
const folder = mkdtempSync(join(inject('runFolder'), `${testFile}-`));
// Node's cache of compiled code is meant to stay, where it would be without us.
process.env['NODE_COMPILE_CACHE'] ??= join(tmpdir(), 'node-compile-cache');
// os.tmpdir() here, and whatever is started from here.
process.env['TMPDIR'] = folder;
// A debugger's own port.
const portsBefore = new Set(inspector.url() === undefined ? [] : listeningPorts(process.pid));

function leftovers(): string[] {
    return [
        ...processesOf(folder, process.pid).map(describe),
        ...listeningPorts(process.pid)
            .filter((port) => !portsBefore.has(port))
            .map((port) => `port ${port}, which this test file itself listens on`),
        ...readdirSync(folder).map((name) => `file ${join(folder, name)}`),
    ];
}

afterAll(async () => {
    let left = leftovers();
    for (const startedMs = Date.now(); left.length > 0 && Date.now() - startedMs < PATIENCE_MS;) {
        await delay(LOOK_MS);
        left = leftovers();
    }
    // The next file, and the next run, begin with nothing all the same.
    kill(processesOf(folder, process.pid));
    rmSync(folder, { recursive: true, force: true });
    if (left.length > 0) {
        throw new Error(`these tests leave something behind:\n  ${left.join('\n  ')}`);
    }
});
