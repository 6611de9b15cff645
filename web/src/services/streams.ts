const streams = new WeakMap<MediaStreamTrack, MediaStream>();

/** The one MediaStream around a track: the same object each time, so that a media element is not restarted. */
export function streamOf(track: MediaStreamTrack): MediaStream {
  let stream = streams.get(track);
  if (stream === undefined) {
    stream = new MediaStream([track]);
    streams.set(track, stream);
  }
  return stream;
}
