/** What the keys of the live view do, as a pure function of what is on the screen. */

export type Dialog = 'none' | 'cancel' | 'leave' | 'log' | 'help';

/** A key as Ink tells of it: the character, and which special key it was. */
export interface Key {
    input: string;
    ctrl: boolean;
    escape: boolean;
    up: boolean;
    down: boolean;
}

export type Command =
    | { do: 'cancel'; all: boolean }
    | { do: 'detach' }
    | { do: 'leave' }
    /** Moves the mark among the files that are under way. */
    | { do: 'select'; by: 1 | -1 };

export interface Pressed {
    dialog: Dialog;
    command?: Command;
}

function inNone(key: Key): Pressed {
    if (key.up) return { dialog: 'none', command: { do: 'select', by: -1 } };
    if (key.down) return { dialog: 'none', command: { do: 'select', by: 1 } };
    switch (key.input) {
        case 'c':
            return { dialog: 'cancel' };
        case 'd':
            return { dialog: 'none', command: { do: 'detach' } };
        case 'l':
            return { dialog: 'log' };
        case '?':
        case 'h':
            return { dialog: 'help' };
        case 'k':
            return { dialog: 'none', command: { do: 'select', by: -1 } };
        case 'j':
            return { dialog: 'none', command: { do: 'select', by: 1 } };
        default:
            return { dialog: 'none' };
    }
}

/** @param several whether there are several files, which can be cancelled one by one */
function inCancel(key: Key, several: boolean): Pressed {
    if (key.input === 'y') return { dialog: 'none', command: { do: 'cancel', all: !several } };
    if (key.input === 'a' && several) {
        return { dialog: 'none', command: { do: 'cancel', all: true } };
    }
    return { dialog: key.input === 'n' || key.escape ? 'none' : 'cancel' };
}

function inLeave(key: Key): Pressed {
    if (key.input === 'd') return { dialog: 'none', command: { do: 'detach' } };
    if (key.input === 'c') return { dialog: 'none', command: { do: 'cancel', all: true } };
    return { dialog: key.input === 'n' || key.escape ? 'none' : 'leave' };
}

/** The dialog after a key, and what is to be done. Ctrl-C asks, and the second leaves at once. */
export function press(dialog: Dialog, key: Key, several: boolean): Pressed {
    if (key.ctrl) {
        if (key.input !== 'c') return { dialog };
        return dialog === 'leave'
            ? { dialog: 'none', command: { do: 'leave' } }
            : { dialog: 'leave' };
    }
    switch (dialog) {
        case 'none':
            return inNone(key);
        case 'cancel':
            return inCancel(key, several);
        case 'leave':
            return inLeave(key);
        case 'log':
            return { dialog: ['l', 'q'].includes(key.input) || key.escape ? 'none' : 'log' };
        case 'help':
            return { dialog: 'none' };
    }
}
