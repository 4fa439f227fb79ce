/** Cuts what a program writes into lines, whatever the chunks are. */
import { StringDecoder } from 'node:string_decoder';

/** Longer lines are cut: untrusted media can make a program write endless ones. */
const MAX_LINE_LENGTH = 16 * 1024;

/**
 * Splits at `\n` and `\r` (progress lines) and calls back for each line that is not empty.
 * A line longer than 16 Ki characters arrives cut.
 */
export class LineSplitter {
    readonly #decoder = new StringDecoder('utf8');
    readonly #onLine: (line: string) => void;
    #rest = '';
    #cutting = false;

    constructor(onLine: (line: string) => void) {
        this.#onLine = onLine;
    }

    write(chunk: Buffer): void {
        this.#split(this.#decoder.write(chunk));
    }

    /** Delivers what was not ended by a line break. */
    end(): void {
        this.#split(this.#decoder.end());
        this.#deliver(this.#rest);
        this.#rest = '';
    }

    #split(text: string): void {
        const parts = text.split(/[\r\n]/);
        for (const part of parts.slice(0, -1)) {
            this.#deliver(this.#rest + part);
            this.#rest = '';
        }
        this.#rest += parts.at(-1) ?? '';
        if (this.#rest.length > MAX_LINE_LENGTH) {
            this.#deliver(this.#rest);
            this.#rest = '';
            this.#cutting = true;
        }
    }

    #deliver(line: string): void {
        // The remainder of a line that was cut belongs to it and is dropped.
        if (this.#cutting) {
            this.#cutting = false;
            return;
        }
        if (line.length > 0) this.#onLine(line.slice(0, MAX_LINE_LENGTH));
    }
}

/** The last lines of a program's output, bounded in number and size. */
export class Tail {
    readonly #lines: string[] = [];
    readonly #maxLines: number;
    readonly #maxLineLength: number;

    constructor(maxLines = 40, maxLineLength = 400) {
        this.#maxLines = maxLines;
        this.#maxLineLength = maxLineLength;
    }

    add(line: string): void {
        this.#lines.push(line.slice(0, this.#maxLineLength));
        if (this.#lines.length > this.#maxLines) this.#lines.shift();
    }

    get lines(): readonly string[] {
        return this.#lines;
    }

    toString(): string {
        return this.#lines.join('\n');
    }
}
