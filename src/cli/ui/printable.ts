/** Names and messages of others are made safe for a terminal. */
const FIRST_PRINTABLE = 0x20;
const DELETE = 0x7f;
const LAST_CONTROL = 0x9f;

function isControl(character: string): boolean {
    const code = character.charCodeAt(0);
    if (character === '\t') return false;
    return code < FIRST_PRINTABLE || (code >= DELETE && code <= LAST_CONTROL);
}

/**
 * Text that is safe to show: file names and messages may hold control characters, which a
 * terminal would obey. Tabs stay.
 */
export function printable(text: string): string {
    return Array.from(text, (character) => (isControl(character) ? '\ufffd' : character)).join('');
}
