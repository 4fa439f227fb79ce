/** The last line of the live view: keys, their help, or a question. */
import { Box, Text } from 'ink';
import { shorten } from './format.js';
import { wrapParts } from './theme.js';
import type { Theme } from './theme.js';
import { underWay } from './view-store.js';
import type { Screen } from './view-store.js';

const HELP: readonly [string, string][] = [
    ['c', 'cancel; asks first'],
    ['d', 'leave when everything is sent'],
    ['l', "what the job's programs say"],
    ['↑ ↓', 'the file that c and l mean'],
    ['?', 'these lines'],
    ['Ctrl-C', 'asks; twice: leaves at once'],
];

const MAX_NAME = 24;

function hints(screen: Screen, theme: Theme): string[] {
    const several = screen.models.length > 1;
    const file = screen.models[screen.selected]?.file ?? '';
    switch (screen.dialog) {
        case 'none':
            return ['c cancel', 'd detach', 'l log', '? help'];
        case 'log':
            return ['l or Esc back'];
        case 'help':
            return ['any key: back'];
        case 'cancel':
            return several
                ? [
                      `Cancel?  y ${shorten(file, MAX_NAME, theme.ascii ? '..' : '…')}`,
                      `a all ${underWay(screen).length}`,
                      'n nothing',
                  ]
                : ['Cancel this job?  y yes', 'n no'];
        case 'leave':
            return [
                'Leave?  d detach, jobs go on',
                'c cancel all',
                'Esc stay',
                'Ctrl-C leave at once',
            ];
    }
}

/** The last lines of the live view: which keys there are, or what is asked. */
export function KeyHints(props: { screen: Screen; width: number; theme: Theme }): React.ReactNode {
    const { screen, width, theme } = props;
    if (!screen.hasKeys || underWay(screen).length === 0) return null;
    const asks = screen.dialog === 'cancel' || screen.dialog === 'leave';
    const style = theme.color ? (asks ? { color: 'yellow' } : { dimColor: true }) : {};
    return (
        <Box flexDirection="column">
            {screen.dialog === 'help'
                ? HELP.map(([key, meaning]) => (
                      <Text key={key} wrap="truncate">
                          {`  ${theme.ascii ? key.replace('↑ ↓', 'j k') : key}`.padEnd(10)}
                          {meaning}
                      </Text>
                  ))
                : null}
            {wrapParts(hints(screen, theme), width, theme.dot).map((line) => (
                <Text key={line} wrap="truncate" {...style}>
                    {line}
                </Text>
            ))}
        </Box>
    );
}
