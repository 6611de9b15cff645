const adjectives =
  'amber bold brave bright calm clear clever cosy crisp dapper eager early easy fair fleet fresh gentle glad golden grand happy hardy hazel honest jolly keen kind lively lucid lucky lunar mellow merry mild misty neat nimble noble olive plucky polite proud quick quiet rapid rosy ruby sage silver snug solar spry steady sunny swift tidy vivid warm witty young zesty azure coral'.split(
    ' ',
  );

const nouns =
  'acorn alder badger beacon birch bison brook cedar clover comet coral crane creek curlew dune eagle ember falcon fern finch fjord fox gannet glade grove harbor heron hill island ibis juniper kestrel lagoon lark linden lynx maple marten meadow merlin moor newt oak orchard osprey otter owl petrel pine plover pond prairie puffin quail raven reed river robin rowan sparrow spruce tern thistle tundra wren'.split(
    ' ',
  );

// Without 0, o, 1, l and i: people read these links out loud.
const tailAlphabet = 'abcdefghjkmnpqrstuvwxyz23456789';

/**
 * A new room's id, as "calm-otter-harbor-k7xq". Whoever has the link may come in, so the id is also
 * the key: two words from 64 each way, one more, and four letters give about 2^37 ids.
 */
export function makeRoomId(): string {
  const [first, second, third, ...tail] = crypto.getRandomValues(new Uint32Array(7));
  return [
    pick(adjectives, first),
    pick(nouns, second),
    pick(nouns, third),
    tail.map((value) => pick(tailAlphabet, value)).join(''),
  ].join('-');
}

function pick(choices: ArrayLike<string>, value = 0): string {
  return choices[value % choices.length] ?? '';
}
