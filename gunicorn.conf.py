"""gunicorn: a few processes with a few threads. No preload: it loses threads and connections on fork."""

from photos.config import read_settings

settings = read_settings()

bind = f"{settings.host}:{settings.port}"
workers = settings.web_processes
worker_class = "gthread"
threads = settings.web_threads
timeout = 60
graceful_timeout = 20
keepalive = 65  # longer than a load balancer's 60, so that it never meets a connection we just closed
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190
accesslog = None  # requests are logged by the application, with their id
errorlog = "-"
loglevel = "warning"
control_socket_disable = True
