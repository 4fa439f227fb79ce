/** Which part of the command line is being typed, by the commander definitions. */
import type { Argument, Command, Option } from 'commander';

export interface CompletionPoint {
    command: Command;
    /** What is typed so far of the word under the cursor. */
    current: string;
    /** What stands before the value in the same word: `--preset=`. */
    prefix: string;
    what:
        | { kind: 'option' }
        | { kind: 'value'; option: Option }
        | { kind: 'command' }
        | { kind: 'argument'; argument: Argument }
        /** After `--`; the words between. */
        | { kind: 'kvazaar'; before: readonly string[] }
        | { kind: 'nothing' };
    /** Values of options that were given before, by attribute name. */
    given: ReadonlyMap<string, string>;
    /** Arguments that were given before. */
    operands: readonly string[];
}

function findOption(command: Command, flag: string): Option | undefined {
    return command.options.find(({ long, short }) => long === flag || short === flag);
}

/** Reads the words before the cursor as commander would, without minding mistakes. */
class Reader {
    command: Command;
    readonly given = new Map<string, string>();
    readonly operands: string[] = [];
    /** The option whose value comes next. */
    pending: Option | undefined;
    afterDashes: string[] | undefined;

    constructor(program: Command) {
        this.command = program;
    }

    read(word: string): void {
        if (this.afterDashes) this.afterDashes.push(word);
        else if (word === '--') this.afterDashes = [];
        else if (this.pending && (this.pending.required || !word.startsWith('-'))) {
            this.given.set(this.pending.attributeName(), word);
            this.pending = undefined;
        } else if (word.startsWith('-') && word.length > 1) this.#flag(word);
        else this.#operand(word);
    }

    #flag(word: string): void {
        this.pending = undefined;
        const equals = word.indexOf('=');
        const isLong = word.startsWith('--');
        const name = isLong && equals > 0 ? word.slice(0, equals) : word.slice(0, isLong ? 99 : 2);
        const option = findOption(this.command, name);
        if (!option) return;
        const value = isLong ? (equals > 0 ? word.slice(equals + 1) : '') : word.slice(2);
        this.given.set(option.attributeName(), value);
        if ((option.required || option.optional) && value === '') this.pending = option;
    }

    #operand(word: string): void {
        this.pending = undefined;
        const sub =
            this.operands.length === 0
                ? this.command.commands.find((each) => each.name() === word)
                : undefined;
        if (sub) this.command = sub;
        // `help COMMAND`: what follows is a command again.
        else if (word !== 'help' || this.command.commands.length === 0) this.operands.push(word);
    }
}

/** @param words without the program's name; the last one is under the cursor, and may be empty */
export function completionPoint(program: Command, words: readonly string[]): CompletionPoint {
    const reader = new Reader(program);
    for (const word of words.slice(0, -1)) reader.read(word);
    const { command, given, operands, pending, afterDashes } = reader;
    const word = words.at(-1) ?? '';
    const at = (what: CompletionPoint['what'], current = word, prefix = ''): CompletionPoint => ({
        command,
        current,
        prefix,
        what,
        given,
        operands,
    });

    if (afterDashes) return at({ kind: 'kvazaar', before: afterDashes });
    if (pending && (pending.required || !word.startsWith('-'))) {
        return at({ kind: 'value', option: pending });
    }
    const [, flag, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    if (flag !== undefined && value !== undefined) {
        const option = findOption(command, flag);
        return option ? at({ kind: 'value', option }, value, `${flag}=`) : at({ kind: 'nothing' });
    }
    if (word.startsWith('-')) return at({ kind: 'option' });
    if (command.commands.length > 0 && operands.length === 0) return at({ kind: 'command' });
    const last = command.registeredArguments.at(-1);
    const argument =
        command.registeredArguments[operands.length] ?? (last?.variadic ? last : undefined);
    return at(argument ? { kind: 'argument', argument } : { kind: 'nothing' });
}
