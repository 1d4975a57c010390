# Whether this server takes requests: the health check of docker-compose.yml.
#
# A stream that could not be written, since the disk was full, takes nothing more until the server is started anew,
# whatever room there is (nats-server 2.15.1). So once there is room, the server is ended, and the engine starts it.
wget -q -O /dev/null 'http://127.0.0.1:8222/healthz?js-enabled-only=true' || exit 1
room=$(df -P /data | awk 'END { print $4 }')
if [ "$room" -gt 1024 ] && printf 'GET /healthz HTTP/1.0\r\n\r\n' | nc 127.0.0.1 8222 | grep -q 'write error'; then
  kill -TERM 1
fi
