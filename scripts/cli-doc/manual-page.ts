/**
 * docs/CLI.md as a manual page. It knows the Markdown that this document uses: headings,
 * paragraphs, tables, code blocks, inline code, links and lists.
 */

/** Text of a paragraph or a cell: markup becomes fonts, and what roff would obey is escaped. */
function inline(text: string): string {
    return text
        .replaceAll(/<!--.*?-->/g, '')
        .replaceAll('\\|', '|')
        .replaceAll('\\', '\\e')
        .replaceAll('-', '\\-')
        .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
        .replaceAll(/`([^`]*)`/g, '\\fB$1\\fR')
        .replaceAll(/\*\*([^*]*)\*\*/g, '\\fB$1\\fR')
        .replaceAll('’', "'")
        .trim();
}

/** A line that begins with a dot or an apostrophe would be a request. */
const safeLine = (line: string): string => (/^[.']/.test(line) ? `\\&${line}` : line);

const WIDTH = 78;

/** Roff fills lines by itself; short ones are for those who read the source. */
function textLines(text: string): string[] {
    const lines: string[] = [];
    for (const word of inline(text).split(/ +/)) {
        const last = lines.at(-1);
        if (last === undefined || last.length + 1 + word.length > WIDTH) lines.push(word);
        else lines[lines.length - 1] = `${last} ${word}`;
    }
    return lines.map(safeLine);
}

function codeLine(line: string): string {
    return safeLine(line.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('’', "'"));
}

/** The argument of a heading: quotes are doubled. */
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

function cells(row: string): string[] {
    return row
        .replace(/^\|/, '')
        .replace(/\|\s*$/, '')
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim());
}

/** A table is a list: the first cell of a row is what the others tell of, by their column. */
function tableLines(rows: readonly string[]): string[] {
    const [header = '', , ...body] = rows;
    const names = cells(header);
    return body.flatMap((row) => {
        const [first = '', ...rest] = cells(row);
        const told = rest.flatMap((cell, i) => {
            if (cell === '') return [];
            const name = names[i + 1] ?? '';
            // The first column after the name tells what it is; the others need theirs.
            return [i === 0 ? cell : `${name.toLowerCase()}: ${cell}`];
        });
        return ['.TP', safeLine(inline(first)), ...textLines(told.join('; '))];
    });
}

function headingLines(level: number, title: string): string[] {
    const text = inline(title);
    if (level === 2) return [`.SH ${quoted(text.toUpperCase())}`];
    return [`.SS ${quoted(text)}`];
}

/** The blocks of a document, converted one after the other. */
function body(markdown: string): string[] {
    const out: string[] = [];
    const lines = markdown.split('\n');
    for (let i = 0; i < lines.length; i++) {
        const line = lines[i] ?? '';
        const heading = /^(#{2,4}) (.*)$/.exec(line);
        if (heading) out.push(...headingLines(heading[1]?.length ?? 2, heading[2] ?? ''));
        else if (line.startsWith('```')) {
            const end = lines.indexOf('```', i + 1);
            out.push('.PP', '.nf', ...lines.slice(i + 1, end).map(codeLine), '.fi');
            i = end;
        } else if (line.startsWith('|')) {
            const end = lines.findIndex((each, at) => at > i && !each.startsWith('|'));
            out.push(...tableLines(lines.slice(i, end < 0 ? undefined : end)));
            i = (end < 0 ? lines.length : end) - 1;
        } else if (line.startsWith('- ')) out.push('.IP \\(bu 2', ...textLines(line.slice(2)));
        else if (inline(line) !== '') out.push('.PP', ...textLines(line));
    }
    // A heading begins a paragraph by itself.
    return out.filter((line, i) => !(line === '.PP' && /^\.S[HS] /.test(out[i - 1] ?? '')));
}

export interface ManualPage {
    name: string;
    version: string;
    /** One line. */
    description: string;
    synopsis: readonly string[];
    /** From its first heading of the second level on. */
    markdown: string;
}

/** The page as the man macros have it (man 7). */
export function manualPage(page: ManualPage): string {
    const { name, version, description, synopsis, markdown } = page;
    const start = markdown.search(/^## /m);
    const preface = markdown.slice(0, start).replace(/^# .*$/m, '');
    return [
        `.\\" Written by "npm run docs"; edit scripts/cli-doc.`,
        `.TH ${quoted(name.toUpperCase())} 1 "" ${quoted(`${name} ${version}`)} "User Commands"`,
        '.SH NAME',
        `${inline(name)} \\- ${inline(description)}`,
        '.SH SYNOPSIS',
        ...synopsis.flatMap((line, i) => [...(i > 0 ? ['.br'] : []), codeLine(line)]),
        '.SH DESCRIPTION',
        ...body(preface).filter((line, i) => !(i === 0 && line === '.PP')),
        ...body(markdown.slice(start)),
        '',
    ].join('\n');
}
