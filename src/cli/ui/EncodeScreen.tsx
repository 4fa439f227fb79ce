import { Box, Static, Text } from 'ink';
import { useSyncExternalStore } from 'react';
import { FilePhases } from './FilePhases.js';
import { FileRow } from './FileRow.js';
import { FileSummary } from './FileSummary.js';
import type { FileModel } from './model.js';
import type { Theme } from './theme.js';
import type { Screen, ViewStore } from './view-store.js';

/** Lines of the screen that are not rows of files. */
const OTHER_LINES = 4;

/** "3 of 12 done, 1 failed" */
export function countsText(screen: Screen): string {
    const total = screen.models.length;
    const ends = screen.models.flatMap(({ end }) => (end ? [end] : []));
    const failed = ends.filter(({ kind }) => kind === 'failed').length;
    const done = ends.length - failed;
    return `${done} of ${total} done${failed > 0 ? `, ${failed} failed` : ''}`;
}

function Notice(props: { text: string | undefined; theme: Theme }): React.ReactNode {
    const color = props.theme.color ? { color: 'yellow' } : {};
    return props.text === undefined ? null : (
        <Text {...color} wrap="wrap">
            {props.text}
        </Text>
    );
}

/** Several files: those that have ended scroll away above, those under way have a line each. */
function FileList(props: {
    screen: Screen;
    width: number;
    rows: number;
    theme: Theme;
}): React.ReactNode {
    const { screen, width, rows, theme } = props;
    const underWay = screen.models.filter(
        ({ phase, end }) => phase !== undefined && end === undefined,
    );
    const room = Math.max(1, rows - OTHER_LINES);
    const waiting = screen.models.filter(
        ({ phase, end }) => phase === undefined && end === undefined,
    ).length;
    const hidden = Math.max(0, underWay.length - room) + waiting;
    const more = hidden > 0 ? `, ${hidden} more to come` : '';
    return (
        <>
            <Static items={[...screen.ended]}>
                {(index) => {
                    const model = screen.models[index];
                    return model ? (
                        <FileSummary key={index} model={model} width={width} theme={theme} />
                    ) : null;
                }}
            </Static>
            <Box flexDirection="column">
                {underWay.slice(0, room).map((model: FileModel) => (
                    <FileRow key={model.file} model={model} width={width} theme={theme} />
                ))}
                <Text dimColor={theme.color} wrap="truncate">{`${countsText(screen)}${more}`}</Text>
            </Box>
        </>
    );
}

/** The live view of an encode command. */
export function EncodeScreen(props: { store: ViewStore; theme: Theme }): React.ReactNode {
    const { store, theme } = props;
    const screen = useSyncExternalStore(store.subscribe, store.snapshot);
    const { columns, rows } = screen.size;
    // A line that fills the last column makes some terminals wrap.
    const width = Math.max(20, columns - 1);
    const [only] = screen.models;
    const single = screen.models.length === 1 && only !== undefined;
    return (
        <Box flexDirection="column" width={width}>
            {single ? (
                only.end ? (
                    <FileSummary model={only} width={width} theme={theme} brief />
                ) : (
                    <FilePhases model={only} width={width} theme={theme} />
                )
            ) : (
                <FileList screen={screen} width={width} rows={rows} theme={theme} />
            )}
            <Notice text={screen.notice} theme={theme} />
        </Box>
    );
}
