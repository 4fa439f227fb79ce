/** Guesses what a mistyped name was meant to be. */

/** Edits (insert, delete, replace, swap two neighbours) that turn one word into the other. */
function editDistance(from: string, to: string): number {
    let beforePrevious: number[] = [];
    let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
    for (let row = 1; row <= from.length; row += 1) {
        const character = from[row - 1];
        const current = [row];
        for (let column = 1; column <= to.length; column += 1) {
            const isSwap = character === to[column - 2] && from[row - 2] === to[column - 1];
            current.push(
                Math.min(
                    (previous[column] ?? 0) + 1,
                    (current[column - 1] ?? 0) + 1,
                    (previous[column - 1] ?? 0) + (character === to[column - 1] ? 0 : 1),
                    isSwap ? (beforePrevious[column - 2] ?? 0) + 1 : Infinity,
                ),
            );
        }
        beforePrevious = previous;
        previous = current;
    }
    return previous[to.length] ?? 0;
}

/** Names longer than this are no misspelling of anything. */
const LONGEST_TYPO = 40;

/**
 * The known name that is nearest to what was typed: the only one that it abbreviates, else the
 * one with the fewest edits, at most a third of its length. Nothing when none is near.
 */
export function suggest(typed: string, known: Iterable<string>): string | undefined {
    if (typed === '' || typed.length > LONGEST_TYPO) return undefined;
    const names = [...known];
    const abbreviated = names.filter((name) => name.startsWith(typed));
    if (abbreviated.length === 1) return abbreviated[0];
    let best: { name: string; distance: number } | undefined;
    for (const name of names) {
        const distance = editDistance(typed, name);
        const limit = Math.max(1, Math.floor(name.length / 3));
        if (distance <= limit && (best === undefined || distance < best.distance)) {
            best = { name, distance };
        }
    }
    return best?.name;
}
