export { createDelivery, type Delivery } from './delivery.ts'
export type { Component, DeliveryOptions } from './delivery-options.ts'
export { ExportError } from './export-error.ts'
export { createFileSender, type FileSenderOptions } from './file-sender.ts'
export { createGrpcSender, type GrpcSenderOptions } from './grpc-sender.ts'
export type { HttpSenderOptions, HttpTls } from './http-endpoint.ts'
export { createHttpSender } from './http-sender.ts'
export { type Answer, readOtlpAnswer } from './otlp-answer.ts'
export { ProtobufReader } from './protobuf-reader.ts'
export { ProtobufWriter, type ProtobufWriterOptions } from './protobuf-writer.ts'
export { proxyFor } from './proxy.ts'
export type { Sender, SendResult } from './sender.ts'
export { createStreamSender } from './stream-sender.ts'
export {
  createUdpSender,
  type Datagram,
  joinDatagrams,
  MAX_DATAGRAM_BYTES,
  type UdpSenderOptions,
} from './udp-sender.ts'
export { createThreadedSender, type SenderThread, type ThreadedSenderOptions } from './worker-sender.ts'
