// Buys a unit with the generated types, reads the order, and is refused once. Compiled by the test in strict mode.
import createClient from 'openapi-fetch'
import type { paths } from './seckill.js'

declare const process: { env: Record<string, string>, argv: string[], exit(code: number): never }

const client = createClient<paths>({ baseUrl: process.env.ORDER_URL, headers: { Authorization: `Bearer ${process.env.TOKEN}` } })
const order = { saleId: Number(process.argv[2]), skuId: Number(process.argv[3]), quantity: 1 }
const key = { 'Idempotency-Key': crypto.randomUUID() }
const bought = await client.POST('/orders', { body: order, params: { header: key } })
if (bought.error) {
  // A code that the document does not have for this operation does not compile.
  console.error(bought.error.code === 'sold-out' ? 'too late' : bought.error.title)
  process.exit(1)
}
const reserved: 'reserved' = bought.data.status
const price: number = bought.data.quantity * bought.data.unitPrice
console.log(bought.data.orderId, reserved, price, bought.data.payBy)

const read = await client.GET('/orders/{orderId}', { params: { path: { orderId: bought.data.orderId } } })
console.log(read.data?.status)

const again = await client.POST('/orders', { body: { ...order, quantity: 2 }, params: { header: key } })
console.log(again.response.status, again.error?.code)

const listed = await client.GET('/orders', { params: { query: { saleId: order.saleId, limit: 10 } } })
console.log(listed.data?.orders.length)
