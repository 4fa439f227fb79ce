/** From what Ink reads to single keys. */
export interface TypedKey {
    /** One character; empty for a key that has none. */
    input: string;
    ctrl: boolean;
}

const CTRL_C = '\u0003';

/**
 * The keys in what Ink hands over at once: what is typed fast, or came before a screen was drawn,
 * arrives in one piece, and in that piece Ink leaves Ctrl-C as the code that it is.
 * @param input as Ink's `useInput` has it
 * @param ctrl whether Ink found the whole piece to be one key with Ctrl
 */
export function typedKeys(input: string, ctrl: boolean): TypedKey[] {
    if (ctrl || input === '') return [{ input, ctrl }];
    return Array.from(input, (character) =>
        character === CTRL_C ? { input: 'c', ctrl: true } : { input: character, ctrl: false },
    );
}
