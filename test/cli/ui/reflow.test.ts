import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { extraRows, watchSize } from '../../../src/cli/ui/reflow.js';

class Terminal extends EventEmitter {
    columns = 20;
    isTTY = true;
    written: string[] = [];

    write(text: string): boolean {
        this.written.push(text);
        return true;
    }
}

function watch(env: NodeJS.ProcessEnv = {}): {
    terminal: Terminal;
    stream: NodeJS.WriteStream;
    stop: () => void;
    widths: number[];
} {
    const terminal = new Terminal();
    const widths: number[] = [];
    const watched = watchSize(terminal as unknown as NodeJS.WriteStream, env, () =>
        widths.push(terminal.columns),
    );
    return { terminal, widths, ...watched };
}

function resize(terminal: Terminal, columns: number): void {
    terminal.columns = columns;
    terminal.emit('resize');
}

describe('a terminal that becomes narrower', () => {
    it.each([
        ['', 0],
        ['0123456789', 0],
        ['0123456789a', 1],
        ['0123456789a\n\n012345678901234567890123\n', 3],
        ['\u001b[36m0123456789\u001b[39m', 0],
    ])('breaks %j into %i more rows of 10 columns', (frame, rows) => {
        expect(extraRows(frame, 10)).toBe(rows);
    });

    it('is cleaned of the rows that have become more, before others draw', () => {
        const { terminal, stream, widths } = watch();
        stream.on('resize', () => terminal.write('drawn'));
        stream.write('012345678901234\nabc\n');
        stream.write('\u001b[?25l');
        resize(terminal, 10);
        expect(terminal.written.slice(2)).toEqual(['\u001b[1A\u001b[2K', 'drawn']);
        expect(widths).toEqual([10]);
    });

    it('is left alone when it becomes wider, or does not break lines anew', () => {
        for (const [env, columns] of [
            [{}, 30],
            [{ XTERM_VERSION: 'XTerm(379)' }, 10],
        ] as const) {
            const { terminal, stream } = watch(env);
            stream.write('012345678901234\n');
            resize(terminal, columns);
            expect(terminal.written.slice(1).join('')).toBe('');
        }
    });

    it('is no longer watched in the end', () => {
        const { terminal, stop, widths } = watch();
        stop();
        resize(terminal, 10);
        expect(widths).toEqual([]);
        expect(terminal.listenerCount('resize')).toBe(0);
    });
});
