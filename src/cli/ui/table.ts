/** Columns of plain text, two spaces apart. */
export function formatTable(
    header: readonly string[],
    rows: readonly (readonly string[])[],
    options: { right?: readonly number[] } = {},
): string[] {
    const all = [header, ...rows];
    const widths = header.map((_, column) =>
        Math.max(...all.map((row) => (row[column] ?? '').length)),
    );
    const right = new Set(options.right);
    return all.map((row) =>
        widths
            .map((width, column) => {
                const cell = row[column] ?? '';
                return right.has(column) ? cell.padStart(width) : cell.padEnd(width);
            })
            .join('  ')
            .trimEnd(),
    );
}
