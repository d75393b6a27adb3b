"""The WSGI application for gunicorn and Elastic Beanstalk."""

from photos.app import create_app

application = create_app()
