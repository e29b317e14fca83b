/** Where a Celery for the tests may come from. Versions that the suites are run with: 5.2 and 5.5. */
export const celeryCatalogue = {
  system: {
    /** Names a Python that has Celery: of a virtual environment, say. */
    variable: "LOVAGE_TEST_CELERY_PYTHON",
    /** Pythons that are asked for Celery, in this order. Debian's packages are those of the first. */
    pythons: ["/usr/bin/python3", "python3"],
    debianPackages: ["python3-celery", "python3-redis", "python3-boto3", "python3-pycurl"],
    install:
      "apt-get install python3-celery python3-redis python3-boto3 python3-pycurl, or pip install celery[redis,sqs]",
  },
  container: {
    /** Names an image that has Python and Celery; it is then demanded. */
    variable: "LOVAGE_TEST_CELERY_IMAGE",
    /** The image that is used when the engine has it; `integration/interop/python/Dockerfile` makes it. */
    image: "lovage-interop/celery:5.5",
  },
} as const;
