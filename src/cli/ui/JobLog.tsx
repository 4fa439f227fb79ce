import { Box, Text } from 'ink';
import { fit } from './theme.js';
import type { Theme } from './theme.js';
import type { Screen } from './view-store.js';

/** What the programs of the selected file's job wrote last, on `rows` lines at most. */
export function JobLog(props: {
    screen: Screen;
    width: number;
    rows: number;
    theme: Theme;
}): React.ReactNode {
    const { screen, width, rows, theme } = props;
    const model = screen.models[screen.selected];
    if (!model) return null;
    const { file, jobId } = model;
    const title = jobId === undefined ? 'there is no job yet' : `log of job ${jobId}`;
    const lines = screen.log.slice(-Math.max(1, rows - 1));
    return (
        <Box flexDirection="column">
            <Text bold={theme.color} wrap="truncate-middle">
                {fit(`${file}: ${title}`, width, theme)}
            </Text>
            {lines.map((line, index) => (
                // Lines of a log may be equal; their places are what they are known by.
                <Text key={screen.log.length - lines.length + index} wrap="truncate">
                    {line === '' ? ' ' : fit(line, width, theme)}
                </Text>
            ))}
        </Box>
    );
}
