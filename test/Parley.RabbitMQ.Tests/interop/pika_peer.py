# pika_peer.py send|receive PORT QUEUE TEXT...: sends the texts with a header, or receives as many as there are and says them.
import sys
import pika

verb, port, queue, texts = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]
connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", port, "/", pika.PlainCredentials("tester", "hunter2")))
channel = connection.channel()
if verb == "send":
    channel.confirm_delivery()
    for text in texts:
        properties = pika.BasicProperties(headers={"from": "pika", "number": 7}, content_type="text/plain", delivery_mode=2)
        channel.basic_publish("", queue, text.encode(), properties, mandatory=True)
else:
    for method, properties, body in channel.consume(queue, inactivity_timeout=30):
        if method is None:
            sys.exit("nothing came")
        print(body.decode(), properties.headers["from"], properties.delivery_mode, properties.message_id is not None)
        channel.basic_ack(method.delivery_tag)
        if body.decode() == texts[-1]:
            break
connection.close()
