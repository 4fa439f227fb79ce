/** The screen of `top`: the daemon, its worker machines, a row for each job, and the keys. */
import { Box, Text, useInput } from 'ink';
import { useSyncExternalStore } from 'react';
import { fit } from '../ui/theme.js';
import type { Theme } from '../ui/theme.js';
import { typedKeys } from '../ui/typed-keys.js';
import { fitParts, machineLines, pausedText, statsParts } from './queue-text.js';
import { TopHeader, TopRow } from './TopRow.js';
import { roomForMachines, roomForRows } from './top-store.js';
import type { TopScreenState, TopStore } from './top-store.js';

const KEYS: readonly [string, string][] = [
    ['up, down', 'choose a job (also k, j; page up and down; home and end)'],
    ['c', 'cancel it, after asking'],
    ['r', 'try again what has failed, was cancelled or has expired'],
    ['+ -', 'let what waits run earlier or later'],
    ['p', 'pause the queue or let it go on (administrators)'],
    ['a', "show everybody's jobs or one's own (administrators)"],
    ['q', 'leave; jobs go on'],
];

const NAMES = {
    ...{ upArrow: 'up', downArrow: 'down', pageUp: 'pageUp', pageDown: 'pageDown' },
    ...{ home: 'home', end: 'end', escape: 'escape' },
} as const;

/** "? help  c cancel …", as much of it as fits. */
function keysLine(width: number): string {
    const parts = ['q quit', '? help', 'c cancel', 'r retry', '+/- priority', 'p pause'];
    return fitParts(parts, width, '  ');
}

function Help(props: { width: number }): React.ReactNode {
    return (
        <Box flexDirection="column" width={props.width}>
            {KEYS.map(([key, meaning]) => (
                <Box key={key}>
                    <Box flexShrink={0}>
                        <Text>{`  ${key.padEnd(9)} `}</Text>
                    </Box>
                    <Text wrap="wrap">{meaning}</Text>
                </Box>
            ))}
            <Text> </Text>
            <Text wrap="truncate"> Any key goes back.</Text>
        </Box>
    );
}

function Rows(props: { state: TopScreenState; width: number; theme: Theme }): React.ReactNode {
    const { state, width, theme } = props;
    const { data, firstRow, selectedId, nowMs } = state;
    if (!data) return <Text> asking the daemon</Text>;
    if (data.jobs.length === 0) return <Text wrap="truncate"> there are no jobs</Text>;
    return data.jobs
        .slice(firstRow, firstRow + roomForRows(state))
        .map((job) => (
            <TopRow
                key={job.id}
                job={job}
                width={width}
                theme={theme}
                selected={job.id === selectedId}
                nowMs={nowMs}
            />
        ));
}

/** The line above the keys: a question, what came of a key, why the data is old, or the pause. */
function Notice(props: { state: TopScreenState; width: number; theme: Theme }): React.ReactNode {
    const { question, message, away, data } = props.state;
    const text = question
        ? `${question.text} (y/n)`
        : (message ?? away ?? (data ? pausedText(data) : undefined) ?? ' ');
    const color = props.theme.color ? { color: question ? 'magenta' : 'yellow' } : {};
    return (
        <Text {...color} wrap="truncate">
            {fit(text, props.width, props.theme)}
        </Text>
    );
}

/** The live view of a queue: it fills the screen but for its last line. */
export function TopScreen(props: { store: TopStore; theme: Theme }): React.ReactNode {
    const { store, theme } = props;
    const state = useSyncExternalStore(store.subscribe, store.snapshot);
    useInput((input, key) => {
        const [name] =
            Object.entries(NAMES).find(([each]) => key[each as keyof typeof NAMES]) ?? [];
        if (name !== undefined) return store.key(NAMES[name as keyof typeof NAMES]);
        for (const typed of typedKeys(input, key.ctrl)) {
            if (!typed.ctrl) store.key(typed.input);
            else if (typed.input === 'c') store.key('interrupt');
        }
    });
    const { data, size, help, all } = state;
    // A line that fills the last column makes some terminals wrap.
    const width = Math.max(20, size.columns - 1);
    const title = data
        ? `kvz-cloud ${data.stats.version} at ${data.server}${all ? ', all users' : ''}`
        : 'kvz-cloud';
    return (
        <Box flexDirection="column" width={width} height={Math.max(6, size.rows - 1)}>
            <Text bold={theme.color} wrap="truncate">
                {fit(title, width, theme)}
            </Text>
            <Text wrap="truncate">{data ? fitParts(statsParts(data), width, theme.dot) : ' '}</Text>
            {data &&
                machineLines(data, roomForMachines(size)).map((line) => (
                    <Text key={line} dimColor={theme.color} wrap="truncate">
                        {fit(line, width, theme)}
                    </Text>
                ))}
            <TopHeader width={width} theme={theme} />
            <Box flexDirection="column" flexGrow={1}>
                {help ? <Help width={width} /> : <Rows {...{ state, width, theme }} />}
            </Box>
            <Notice state={state} width={width} theme={theme} />
            <Text dimColor={theme.color} wrap="truncate">
                {keysLine(width)}
            </Text>
        </Box>
    );
}
