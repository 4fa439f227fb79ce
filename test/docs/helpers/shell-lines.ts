/** The commands in the code blocks of a Markdown document. */

const SEPARATORS: ReadonlySet<string> = new Set(['|', '||', '&&', ';', '$(', ')', '&']);

/** Lines of indented and of shell blocks; a line that ends with a backslash goes on in the next. */
export function codeLines(markdown: string): string[] {
    const lines: string[] = [];
    let fence: string | undefined;
    let open = '';
    for (const line of markdown.split('\n')) {
        const mark = /^\s*```(\w*)/.exec(line);
        if (mark) {
            fence = fence === undefined ? (mark[1] ?? '') : undefined;
            continue;
        }
        const isShell = fence === undefined ? line.startsWith('    ') : /^(sh|text)?$/.test(fence);
        if (!isShell) continue;
        const text = open + line.trim();
        open = text.endsWith('\\') ? `${text.slice(0, -1).trimEnd()} ` : '';
        if (open === '') lines.push(text);
    }
    return lines;
}

/** Words and operators of a line of shell, without its comment; quotes are taken off. */
function words(line: string): string[] {
    const pattern = /\$\(|\|\||&&|[|;)&]|\d?>{1,2}\s*\S+|#.*|(?:"[^"]*"|'[^']*'|[^\s"'|;&)>])+/g;
    return [...line.matchAll(pattern)]
        .map(([text]) => text)
        .filter((text) => !text.startsWith('#') && !/^\d?>/.test(text))
        .map((text) => (SEPARATORS.has(text) ? text : text.replaceAll(/["']/g, '')));
}

/** The simple commands of a line of shell, each as its words; assignments in front are left out. */
export function simpleCommands(line: string): string[][] {
    // Descriptions of examples stand behind two spaces.
    const [command = ''] = line.replace(/^\$ /, '').split(/\s{2,}(?=[^\s-])/);
    const commands: string[][] = [[]];
    // What other commands give is a word; of our own the words count.
    const plain = command.replaceAll(/\$\((?!kvz-cloud)[^)]*\)/g, 'WORD').replaceAll('$(', ' $( ');
    for (const word of words(plain)) {
        if (SEPARATORS.has(word)) commands.push([]);
        else if (commands.at(-1)?.length || !/^\w+=/.test(word)) commands.at(-1)?.push(word);
    }
    return commands.filter((each) => each.length > 0);
}
