// The models and recorded plays that the page holds: base64 of deflated bytes. These are the length
// of a JSON header (uint32, little endian), the header, and arrays that the header lists.

const ARRAYS = {
  int8: Int8Array, uint8: Uint8Array, int16: Int16Array, uint16: Uint16Array, float32: Float32Array,
};

/** Text of base64 to {header, arrays}: each array has `data`, a typed array, and its `shape`. */
async function readBundle(text) {
  const letters = atob(text.trim());
  const packed = new Uint8Array(letters.length);
  for (let at = 0; at < packed.length; at += 1) packed[at] = letters.charCodeAt(at);
  const inflated = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return parseBundle(await new Response(inflated).arrayBuffer());
}

function parseBundle(buffer) {
  const length = new DataView(buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const arrays = {};
  for (const { name, type, shape, offset } of header.arrays) {
    const count = shape.reduce((product, side) => product * side, 1);
    arrays[name] = { data: new ARRAYS[type](buffer, offset, count), shape };
  }
  return { header, arrays };
}
