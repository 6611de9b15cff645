/** What the tests use of @roamhq/wrtc, which brings no types of its own. */
declare module '@roamhq/wrtc' {
  export interface I420Frame {
    width: number;
    height: number;
    data: Uint8Array;
  }
  export interface AudioData {
    samples: Int16Array;
    sampleRate: number;
    bitsPerSample?: number;
    channelCount?: number;
    numberOfFrames?: number;
  }
  const wrtc: {
    RTCPeerConnection: typeof RTCPeerConnection;
    RTCSessionDescription: typeof RTCSessionDescription;
    RTCIceCandidate: typeof RTCIceCandidate;
    MediaStream: typeof MediaStream;
    MediaStreamTrack: typeof MediaStreamTrack;
    nonstandard: {
      RTCVideoSource: new () => { createTrack(): MediaStreamTrack; onFrame(frame: I420Frame): void };
      RTCAudioSource: new () => { createTrack(): MediaStreamTrack; onData(data: AudioData): void };
      RTCVideoSink: new (track: MediaStreamTrack) => {
        onframe: ((event: { frame: I420Frame }) => void) | null;
        stop(): void;
      };
      RTCAudioSink: new (track: MediaStreamTrack) => {
        ondata: ((data: AudioData) => void) | null;
        stop(): void;
      };
    };
  };
  export default wrtc;
}
