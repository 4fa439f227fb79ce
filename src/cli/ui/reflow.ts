/**
 * Keeps the screen clean when a terminal becomes narrower.
 *
 * Most terminals then break the lines that are on the screen anew, so that what was drawn takes
 * more rows than it had; Ink erases as many rows as it has drawn and leaves the others behind.
 */
import { stripVTControlCharacters } from 'node:util';

const UP_AND_ERASE = '\u001b[1A\u001b[2K';

/** Whether a terminal breaks its lines anew when it becomes narrower; xterm cuts them off. */
export const breaksAnew = (env: NodeJS.ProcessEnv): boolean => !env['XTERM_VERSION'];

/** What erases the rows that text takes in addition to its lines, from below. */
export const eraseExtra = (frame: string, columns: number): string =>
    UP_AND_ERASE.repeat(extraRows(frame, columns));

/** Rows that text takes in addition to its lines on a terminal of `columns` columns. */
export function extraRows(frame: string, columns: number): number {
    const lines = stripVTControlCharacters(frame).split('\n');
    return lines.reduce((sum, line) => sum + Math.max(0, Math.ceil(line.length / columns) - 1), 0);
}

/**
 * Watches a terminal's size.
 * @param onResize called before other listeners, when what was too much is erased
 * @returns a stream that hands everything on to the terminal, and a function that ends the watch
 */
export function watchSize(
    terminal: NodeJS.WriteStream,
    env: NodeJS.ProcessEnv,
    onResize: () => void,
): { stream: NodeJS.WriteStream; stop: () => void } {
    const reflows = breaksAnew(env);
    let frame = '';
    let columns = terminal.columns;
    const write = (chunk: string | Uint8Array, ...rest: unknown[]): unknown => {
        const text = typeof chunk === 'string' ? chunk : '';
        // Ink writes a frame at a time; what holds no text only moves the cursor.
        if (stripVTControlCharacters(text).trim() !== '') frame = text;
        return Reflect.apply(terminal.write.bind(terminal), undefined, [chunk, ...rest]);
    };
    const listener = (): void => {
        if (reflows && terminal.columns < columns) {
            terminal.write(eraseExtra(frame, terminal.columns));
        }
        columns = terminal.columns;
        onResize();
    };
    terminal.prependListener('resize', listener);
    const stream = new Proxy(terminal, {
        get(target, key) {
            if (key === 'write') return write;
            const value: unknown = Reflect.get(target, key, target);
            return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
    });
    return { stream, stop: () => void terminal.off('resize', listener) };
}
