/** Reads a message of Thrift's compact protocol by Apache's own library, without an IDL: structs by field numbers. */
import { createRequire } from 'node:module'

interface Field {
  ftype: number
  fid: number
}

interface Protocol {
  readMessageBegin(): { fname: string; mtype: number }
  readStructBegin(): void
  readFieldBegin(): Field
  readListBegin(): { etype: number; size: number }
  readBool(): boolean
  readI32(): number
  readI64(): { buffer: Buffer }
  readDouble(): number
  readString(): string
}

const load = createRequire(import.meta.url)
const { TFramedTransport, TCompactProtocol, Thrift } = load('thrift') as {
  TFramedTransport: new (bytes: Buffer) => object
  TCompactProtocol: new (transport: object) => Protocol
  Thrift: { Type: Record<'STOP' | 'BOOL' | 'DOUBLE' | 'I32' | 'I64' | 'STRING' | 'STRUCT' | 'LIST', number> }
}

const { Type } = Thrift
const ONEWAY = 4

export function readCompactMessage(bytes: Buffer): { name: string; oneway: boolean; struct: unknown } {
  const protocol = new TCompactProtocol(new TFramedTransport(bytes))
  const { fname, mtype } = protocol.readMessageBegin()
  return { name: fname, oneway: mtype === ONEWAY, struct: readValue(protocol, Type.STRUCT) }
}

function readValue(protocol: Protocol, type: number): unknown {
  switch (type) {
    case Type.BOOL:
      return protocol.readBool()
    case Type.I32:
      return protocol.readI32()
    case Type.I64:
      return protocol.readI64().buffer.readBigInt64BE()
    case Type.DOUBLE:
      return protocol.readDouble()
    case Type.STRING:
      return protocol.readString()
    case Type.LIST: {
      const { etype, size } = protocol.readListBegin()
      return Array.from({ length: size }, () => readValue(protocol, etype))
    }
    case Type.STRUCT: {
      protocol.readStructBegin()
      const struct: Record<number, unknown> = {}
      for (
        let field = protocol.readFieldBegin();
        field.ftype !== Type.STOP;
        field = protocol.readFieldBegin()
      ) {
        struct[field.fid] = readValue(protocol, field.ftype)
      }
      ;(protocol as unknown as { readStructEnd(): void }).readStructEnd()
      return struct
    }
    default:
      throw new Error(`no such type here: ${type}`)
  }
}
