/** Reads the options out of the text that `kvazaar --help` prints. */

export interface HelpOption {
    readonly name: string;
    readonly short: string | undefined;
    readonly negatable: boolean;
    readonly group: string;
    /** The option's whole text, line breaks included. */
    readonly text: string;
}

export function readHelp(help: string): HelpOption[] {
    const options: HelpOption[] = [];
    let group = '';
    for (const line of help.split('\n')) {
        const heading = /^([A-Z][A-Za-z ]+):(?: \(.*\))?\s*$/.exec(line);
        if (heading?.[1] !== undefined) group = heading[1];
        const start = /^ {2}(?:-([a-z]),| {3}) --(\(no-\))?([a-z0-9-]+)/.exec(line);
        const [, short, negation, name] = start ?? [];
        const last = options.at(-1);
        if (name !== undefined) {
            options.push({ name, short, negatable: negation !== undefined, group, text: line });
        } else if (last !== undefined && last.group === group) {
            options[options.length - 1] = { ...last, text: `${last.text}\n${line}` };
        }
    }
    return options;
}
