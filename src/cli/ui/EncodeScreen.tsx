/** The screen of `encode`: one file with all its phases, or a row for each of several. */
import { Box, Static, Text } from 'ink';
import { useSyncExternalStore } from 'react';
import type { ReactNode } from 'react';
import { FilePhases } from './FilePhases.js';
import { FileRow } from './FileRow.js';
import { FileSummary } from './FileSummary.js';
import { JobLog } from './JobLog.js';
import { KeyHints } from './KeyHints.js';
import type { Theme } from './theme.js';
import { underWay } from './view-store.js';
import type { Screen, ViewStore } from './view-store.js';

/** Lines that are kept for what is no row of a file: counts, notices, keys and questions. */
const OTHER_LINES = 6;
/** Lines of one file with all its phases, and of what is below it. */
const FULL_LINES = 16;

/** "3 of 12 done, 1 failed" */
export function countsText(screen: Screen): string {
    const total = screen.models.length;
    const ends = screen.models.flatMap(({ end }) => (end ? [end] : []));
    const failed = ends.filter(({ kind }) => kind === 'failed').length;
    const done = ends.length - failed;
    return `${done} of ${total} done${failed > 0 ? `, ${failed} failed` : ''}`;
}

function Notice(props: { text: string | undefined; theme: Theme }): ReactNode {
    const color = props.theme.color ? { color: 'yellow' } : {};
    return props.text === undefined ? null : (
        <Text {...color} wrap="wrap">
            {props.text}
        </Text>
    );
}

/** Several files: those that have ended scroll away above, those under way have a line each. */
function FileList(props: { screen: Screen; width: number; room: number; theme: Theme }): ReactNode {
    const { screen, width, room, theme } = props;
    const active = underWay(screen);
    // The marked file stays in sight.
    const place = active.indexOf(screen.selected);
    const from = Math.max(0, Math.min(place - room + 1, active.length - room));
    const shown = active.slice(from, from + room);
    const waiting = screen.models.filter(
        ({ phase, end }) => phase === undefined && end === undefined,
    ).length;
    const hidden = active.length - shown.length;
    const parts = [
        countsText(screen),
        ...(hidden > 0 ? [`${hidden} more under way`] : []),
        ...(waiting > 0 ? [`${waiting} waiting`] : []),
    ];
    return (
        <Box flexDirection="column">
            {shown.map((index) => {
                const model = screen.models[index];
                const marked = screen.hasKeys && (place >= 0 ? index === screen.selected : false);
                return model ? <FileRow key={index} {...{ model, width, theme, marked }} /> : null;
            })}
            <Text dimColor={theme.color} wrap="truncate">
                {parts.join(', ')}
            </Text>
        </Box>
    );
}

/** The live view of an encode command. */
export function EncodeScreen(props: { store: ViewStore; theme: Theme }): ReactNode {
    const { store, theme } = props;
    const screen = useSyncExternalStore(store.subscribe, store.snapshot);
    const { columns, rows } = screen.size;
    // A line that fills the last column makes some terminals wrap.
    const width = Math.max(20, columns - 1);
    const room = Math.max(1, rows - OTHER_LINES);
    const [only] = screen.models;
    const single = screen.models.length === 1 && only !== undefined;
    const end = single ? only.end : undefined;
    const ended = single ? [] : [...screen.ended];
    const content = (): ReactNode => {
        if (only && end) return <FileSummary model={only} width={width} theme={theme} brief />;
        if (screen.dialog === 'log') return <JobLog {...{ screen, width, theme }} rows={room} />;
        // On a screen of a few lines there is room for one that says it all.
        return single && rows > FULL_LINES ? (
            <FilePhases model={only} width={width} theme={theme} />
        ) : (
            <FileList screen={screen} width={width} room={room} theme={theme} />
        );
    };
    return (
        <Box flexDirection="column" width={width}>
            <Static items={ended}>
                {(index) => {
                    const model = screen.models[index];
                    return model ? (
                        <FileSummary key={index} model={model} width={width} theme={theme} />
                    ) : null;
                }}
            </Static>
            {content()}
            <Notice text={screen.notice} theme={theme} />
            <KeyHints screen={screen} width={width} theme={theme} />
        </Box>
    );
}
