export { ProtobufWriter, type ProtobufWriterOptions } from './protobuf-writer.ts'
