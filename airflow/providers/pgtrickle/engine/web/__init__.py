"""The page: stream tables in a browser.

One application, which Airflow and the command line each put a door to. ``app`` has the routes, ``host`` what
the surroundings have to supply, ``guard`` what every answer and every request must fulfil, ``local`` the page
for one person on their own machine. ``static`` is the front end: hand-written modules that need no build, and
the libraries of ``static/vendor`` as their authors published them.
"""
