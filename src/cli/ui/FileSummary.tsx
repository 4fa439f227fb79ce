/** What stays on the screen of a file that has ended. */
import { Box, Text } from 'ink';
import { PHASE_LABEL } from './model.js';
import type { FileModel } from './model.js';
import { printable } from './printable.js';
import { outputName, summaryParts } from './summary.js';
import { wrapParts } from './theme.js';
import type { Theme } from './theme.js';

const INDENT = '  ';

function stoppedAt({ phase, percent }: FileModel): string {
    if (phase === undefined) return 'not begun';
    const share = percent === undefined ? '' : ` at ${Math.floor(percent)} %`;
    return `stopped while ${phase === 'queued' ? 'it was queued' : PHASE_LABEL[phase]}${share}`;
}

/** What became of a file: stays on the screen when the command has ended. */
export function FileSummary(props: {
    model: FileModel;
    width: number;
    theme: Theme;
    /** The reason of a failure is told elsewhere. */
    brief?: boolean;
}): React.ReactNode {
    const { model, width, theme, brief = false } = props;
    const { end, file } = model;
    if (end === undefined) return null;
    const good = theme.color ? { color: 'green' } : {};
    const bad = theme.color ? { color: 'red' } : {};
    switch (end.kind) {
        case 'failed':
            return (
                <Text wrap="wrap">
                    <Text {...bad}>{`${theme.failed} `}</Text>
                    {`${file}: ${brief ? stoppedAt(model) : printable(end.message)}`}
                </Text>
            );
        case 'detached':
            return (
                <Text wrap="wrap">
                    <Text {...good}>{`${theme.done} `}</Text>
                    {`${file}: job ${end.jobId} goes on`}
                </Text>
            );
        case 'planned':
            return null;
        case 'done': {
            const { done } = end;
            const parts = summaryParts(done, theme.arrow);
            const notes = done.notes.map((note) => `note: ${printable(note)}`);
            return (
                <Box flexDirection="column">
                    <Text wrap="wrap">
                        <Text {...good}>{`${theme.done} `}</Text>
                        <Text bold={theme.color}>{file}</Text>
                        {` ${theme.arrow} ${printable(outputName(done.output))}`}
                    </Text>
                    {wrapParts(parts, width - INDENT.length, theme.dot).map((line) => (
                        <Text key={line} wrap="truncate">{`${INDENT}${line}`}</Text>
                    ))}
                    {notes.map((note) => (
                        <Text key={note} dimColor={theme.color}>{`${INDENT}${note}`}</Text>
                    ))}
                </Box>
            );
        }
    }
}
