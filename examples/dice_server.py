"""Answers /dice: a web server that checks who asks. Start it with: python3 examples/dice_server.py [port]"""

import hashlib
import hmac
import json
import random
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = b"change me, please"
PORT = int(sys.argv[1]) if len(sys.argv) > 1 else 8001

# Longest time, in seconds, that a request may have been under way; an older one may be a recording.
FRESH = 300


class Dice(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self.is_from_chatbot(body):
            return self.answer(403, {"error": "Who are you?"})
        request = json.loads(body)
        try:
            sides = int((request["argv"] or ["6"])[0])
            rolled = random.randint(1, sides)
        except ValueError:
            return self.answer(400, {"error": "How many sides? For example: dice 20"})
        self.answer(200, {"result": f"{request['handle']} rolled {rolled}."})

    def is_from_chatbot(self, body):
        timestamp = self.headers.get("X-Chatbot-Timestamp", "0")
        signed = timestamp.encode() + b"." + body
        expected = "v1=" + hmac.new(SECRET, signed, hashlib.sha256).hexdigest()
        is_fresh = abs(time.time() - int(timestamp)) < FRESH
        return is_fresh and hmac.compare_digest(expected, self.headers.get("X-Chatbot-Signature", ""))

    def answer(self, status, reply):
        body = json.dumps(reply).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", PORT), Dice).serve_forever()
