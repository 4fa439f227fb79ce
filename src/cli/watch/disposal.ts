/** What becomes of inputs that are done with. */
import { mkdir, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileProblem } from '../../config/file-problem.js';
import { hashFile } from '../../client/hash.js';
import { openInput, sameVersion } from '../../client/input-file.js';
import type { FileVersion } from '../../client/input-file.js';
import { moveToFree, syncFolder } from '../../client/place-file.js';
import type { KvzError } from '../../protocol/errors.js';
import type { JobFailure } from '../../protocol/messages.js';
import type { OnDone } from './disposal-modes.js';
import type { DoneRecord } from './journal.js';
import { numbered } from './outputs.js';
import { versionOf } from './rest.js';

export interface DisposalOptions {
    /** The watched folder, absolute. */
    root: string;
    onDone: OnDone;
    /** Absolute. */
    doneFolder: string;
    failedFolder: string;
}

export type Disposed =
    | { event: 'moved'; to: string; reason: 'done' | 'failed' }
    | { event: 'deleted' }
    | { event: 'kept'; message: string }
    | undefined;

const kept = (message: string): Disposed => ({ event: 'kept', message });

/** What is wrong with a result that should be on the disk; undefined when it is there and whole. */
async function resultProblem(done: DoneRecord, signal: AbortSignal): Promise<string | undefined> {
    try {
        const result = await openInput(done.output);
        try {
            const { id } = await hashFile(result, { signal });
            if (id !== done.outputId) return `${done.output} is not the result any more`;
            await result.handle.sync();
        } finally {
            await result.handle.close();
        }
        await syncFolder(dirname(done.output));
        return undefined;
    } catch (error) {
        signal.throwIfAborted();
        return fileProblem(error);
    }
}

/** Whether the file at a path is still the one that was encoded. */
async function isSame(path: string, version: FileVersion): Promise<boolean> {
    const now = await versionOf(path);
    return now !== undefined && sameVersion(now, version);
}

export class Disposal {
    readonly #options: DisposalOptions;

    constructor(options: DisposalOptions) {
        this.#options = options;
    }

    /**
     * Keeps, moves or deletes an input whose result is there. Nothing is deleted unless the result
     * has been read back from the disk.
     * @param path absolute
     * @param version of the input that was encoded
     */
    async done(
        path: string,
        version: FileVersion,
        done: DoneRecord,
        signal: AbortSignal,
    ): Promise<Disposed> {
        const { onDone, doneFolder } = this.#options;
        if (onDone === 'keep') return undefined;
        if (onDone === 'delete') {
            const problem = await resultProblem(done, signal);
            if (problem !== undefined) return kept(`not deleted: ${problem}`);
        }
        if (!(await isSame(path, version))) return kept('the file has changed since');
        try {
            if (onDone === 'delete') {
                await unlink(path);
                return { event: 'deleted' };
            }
            return { event: 'moved', to: await this.#move(path, doneFolder), reason: 'done' };
        } catch (error) {
            return kept(`not ${onDone === 'move' ? 'moved' : 'deleted'}: ${fileProblem(error)}`);
        }
    }

    /** Moves an input that cannot be encoded away, with the reason beside it as text. */
    async failed(path: string, version: FileVersion, error: KvzError): Promise<Disposed> {
        if (!(await isSame(path, version))) return kept('the file has changed since');
        try {
            const to = await this.#move(path, this.#options.failedFolder);
            await writeFile(`${to}.txt`, reasonText(path, error));
            return { event: 'moved', to, reason: 'failed' };
        } catch (moveError) {
            return kept(`not moved: ${fileProblem(moveError)}`);
        }
    }

    async #move(path: string, folder: string): Promise<string> {
        const wanted = join(folder, relative(this.#options.root, path));
        await mkdir(dirname(wanted), { recursive: true });
        return moveToFree(path, (n) => numbered(wanted, n));
    }
}

function reasonText(path: string, error: KvzError): string {
    const failure =
        error.code === 'JOB_FAILED' ? (error.cause as JobFailure | undefined) : undefined;
    const rows: [string, string | undefined][] = [
        ['file', path],
        ['time', new Date().toISOString()],
        ['error', error.message],
        ['code', failure?.code ?? error.code],
        ['hint', failure?.hint],
        ['job', error.jobId],
        ['log', error.jobId === undefined ? undefined : `kvz-cloud logs ${error.jobId}`],
        ['said', failure?.stderrTail?.replaceAll('\n', '\n       ')],
    ];
    return rows
        .flatMap(([name, text]) => (text === undefined ? [] : [`${name.padEnd(5)}  ${text}\n`]))
        .join('');
}
