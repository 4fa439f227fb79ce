/**
 * What a watch did with the files of a folder, so that it is not done again: by content and
 * options, not by name. A file of JSON lines that is only appended to; each line is on the disk
 * before what follows from it is done, and a line that was cut off by a crash is passed over.
 */
import {
    closeSync,
    fsyncSync,
    openSync,
    readFileSync,
    renameSync,
    rmSync,
    writeFileSync,
    writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import * as z from 'zod';
import type { FileVersion } from '../../client/input-file.js';
import { outputUnwritable } from '../../client/output-path.js';

const fileId = z.string();
/** Says which options; see {@link requestDigest}. */
const request = z.string();

const recordSchema = z.discriminatedUnion('kind', [
    /** The folder that the journal is for, for people who look into it. */
    z.object({ kind: z.literal('folder'), path: z.string() }),
    /** The content of a file as it was: it need not be read again to be known. */
    z.object({ kind: z.literal('seen'), path: z.string(), version: z.string(), fileId }),
    /** A result may come into being under this name. */
    z.object({
        kind: z.literal('begun'),
        fileId,
        request,
        output: z.string(),
        /** What is written until the result is whole; it may be left by a crash. */
        partial: z.string(),
    }),
    z.object({
        kind: z.literal('done'),
        fileId,
        request,
        output: z.string(),
        outputBytes: z.number(),
        /** The file id of the result: it is no input, wherever it is put. */
        outputId: z.string(),
        time: z.string(),
    }),
    /** A file that cannot be encoded, and could not be moved away. */
    z.object({
        kind: z.literal('failed'),
        fileId,
        request,
        code: z.string(),
        message: z.string(),
        time: z.string(),
    }),
]);

type JournalRecord = z.infer<typeof recordSchema>;
type RecordOf<K extends JournalRecord['kind']> = Extract<JournalRecord, { kind: K }>;

export type BegunRecord = RecordOf<'begun'>;
export type DoneRecord = RecordOf<'done'>;
export type FailedRecord = RecordOf<'failed'>;

/**
 * A journal is written anew when it has more lines that are of no use than others, and than this;
 * as many files that are gone are remembered at least, as they may come back.
 */
const SPARE_LINES = 1_000;

const keyOf = (record: { fileId: string; request: string }): string =>
    `${record.fileId} ${record.request}`;

/** A version as text; without the device and the inode, which a mount may give anew. */
function versionText({ sizeBytes, mtimeNs, ctimeNs }: FileVersion): string {
    return `${sizeBytes} ${mtimeNs} ${ctimeNs}`;
}

function parse(line: string): JournalRecord | undefined {
    try {
        return recordSchema.safeParse(JSON.parse(line)).data;
    } catch {
        return undefined;
    }
}

export class Journal {
    readonly #path: string;
    readonly #folder: string;
    readonly #seen = new Map<string, RecordOf<'seen'>>();
    readonly #begun = new Map<string, BegunRecord>();
    readonly #done = new Map<string, DoneRecord>();
    readonly #failed = new Map<string, FailedRecord>();
    readonly #outputIds = new Set<string>();
    #file: number | undefined;
    #isTorn = false;
    /** Lines of the file. */
    #lines = 0;
    /** With fewer lines it is not tried again to write it anew. */
    #shrinkFrom = 0;

    /**
     * Reads a journal, or begins one. Only one process may have it, see the watch's lock.
     * @param folder the watched folder
     * @throws KvzError OUTPUT_UNWRITABLE
     */
    constructor(path: string, folder: string) {
        this.#path = path;
        this.#folder = folder;
        let text = '';
        try {
            text = readFileSync(path, 'utf8');
        } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
                throw outputUnwritable(path, error);
            }
        }
        const lines = text.split('\n');
        for (const line of lines) {
            const record = parse(line);
            if (record) this.#take(record);
        }
        const torn = lines.at(-1) !== '';
        this.#lines = lines.length - 1;
        if (torn || this.#isSpacious || text === '') this.#rewrite();
    }

    /** The file id of a file that is as it was when it was seen. */
    idOf(path: string, version: FileVersion): string | undefined {
        const seen = this.#seen.get(path);
        return seen?.version === versionText(version) ? seen.fileId : undefined;
    }

    /** @throws KvzError OUTPUT_UNWRITABLE, as all that write here */
    seen(path: string, version: FileVersion, fileId: string): void {
        if (this.idOf(path, version) === fileId) return;
        this.#add({ kind: 'seen', path, version: versionText(version), fileId });
    }

    /**
     * Forgets the oldest files that are gone, where these are many: they are only read again should
     * they come back. An empty folder may be one whose mount is away, and says nothing.
     * @param present paths of all files that are in the folder now
     */
    keepSeen(present: ReadonlySet<string>): void {
        if (present.size === 0) return;
        const gone = [...this.#seen.keys()].filter((path) => !present.has(path));
        const kept = Math.max(SPARE_LINES, present.size);
        if (gone.length <= 2 * kept) return;
        for (const path of gone.slice(0, -kept)) this.#seen.delete(path);
        this.#shrink();
    }

    doneWith(fileId: string, request: string): DoneRecord | undefined {
        return this.#done.get(keyOf({ fileId, request }));
    }

    failedWith(fileId: string, request: string): FailedRecord | undefined {
        return this.#failed.get(keyOf({ fileId, request }));
    }

    /** Where the result of work that was begun, and may have been finished, is or would be. */
    begunWith(fileId: string, request: string): BegunRecord | undefined {
        return this.#begun.get(keyOf({ fileId, request }));
    }

    /** Whether this content is a result of an earlier encode. */
    isOutput(fileId: string): boolean {
        return this.#outputIds.has(fileId);
    }

    begun(record: Omit<BegunRecord, 'kind'>): void {
        this.#add({ kind: 'begun', ...record });
    }

    done(record: Omit<DoneRecord, 'kind' | 'time'>): DoneRecord {
        const entry = { kind: 'done', ...record, time: new Date().toISOString() } as const;
        this.#add(entry);
        return entry;
    }

    failed(record: Omit<FailedRecord, 'kind' | 'time'>): void {
        this.#add({ kind: 'failed', ...record, time: new Date().toISOString() });
    }

    close(): void {
        if (this.#file !== undefined) closeSync(this.#file);
        this.#file = undefined;
    }

    #take(record: JournalRecord): void {
        switch (record.kind) {
            case 'folder':
                break;
            case 'seen':
                // The latest one comes last.
                this.#seen.delete(record.path);
                this.#seen.set(record.path, record);
                break;
            case 'begun':
                this.#begun.set(keyOf(record), record);
                break;
            case 'done':
                this.#done.set(keyOf(record), record);
                this.#begun.delete(keyOf(record));
                this.#failed.delete(keyOf(record));
                this.#outputIds.add(record.outputId);
                break;
            case 'failed':
                this.#failed.set(keyOf(record), record);
                break;
        }
    }

    /** Whether what is of no use outweighs the rest. */
    get #isSpacious(): boolean {
        const used = 1 + this.#seen.size + this.#begun.size + this.#failed.size + this.#done.size;
        return this.#lines - used > Math.max(SPARE_LINES, used);
    }

    *#records(): Iterable<JournalRecord> {
        yield { kind: 'folder', path: this.#folder };
        yield* this.#seen.values();
        yield* this.#begun.values();
        yield* this.#failed.values();
        yield* this.#done.values();
    }

    #rewrite(): void {
        const temporary = `${this.#path}.new`;
        try {
            const text = Array.from(this.#records(), (record) => `${JSON.stringify(record)}\n`);
            writeFileSync(temporary, text.join(''), { mode: 0o600, flush: true });
            renameSync(temporary, this.#path);
            // Or a power cut would bring the old one back, without what is written from now on.
            syncFolder(dirname(this.#path));
            this.#lines = text.length;
            this.#isTorn = false;
        } catch (error) {
            throw outputUnwritable(this.#path, error);
        }
    }

    /** Writes the journal anew where that is worth it; it is good as it is where that fails. */
    #shrink(): void {
        if (!this.#isSpacious || this.#lines < this.#shrinkFrom) return;
        try {
            this.#rewrite();
            // The next line goes to the new file.
            this.close();
        } catch {
            // What there is of it takes room, which may be what is missing.
            rmSync(`${this.#path}.new`, { recursive: true, force: true });
            this.#shrinkFrom = this.#lines + SPARE_LINES;
        }
    }

    #add(record: JournalRecord): void {
        try {
            this.#file ??= openSync(this.#path, 'a', 0o600);
            writeWhole(this.#file, `${this.#isTorn ? '\n' : ''}${JSON.stringify(record)}\n`);
            // A file that was not seen is only read again.
            if (record.kind !== 'seen') fsyncSync(this.#file);
            this.#isTorn = false;
        } catch (error) {
            this.close();
            // A part of the line may be there: it is ended before the next one.
            this.#isTorn = true;
            throw outputUnwritable(this.#path, error);
        }
        this.#lines += 1;
        this.#take(record);
        this.#shrink();
    }
}

function syncFolder(path: string): void {
    const folder = openSync(path, 'r');
    try {
        fsyncSync(folder);
    } catch {
        // Some file systems cannot be asked.
    } finally {
        closeSync(folder);
    }
}

function writeWhole(file: number, text: string): void {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length;) {
        written += writeSync(file, bytes, written);
    }
}
