/** The sidebar: groups of pages, each with its title there. `npm run docs` fails if a page of docs/ is missing. */
export const groups: readonly { text: string; pages: readonly (readonly [title: string, link: string])[] }[] = [
  {
    text: 'Begin',
    pages: [
      ['Two minutes', '/'],
      ['Calling', '/calling'],
      ['Inline functions', '/inline-functions'],
      ['Their compile step', '/compile-step'],
      ['Options', '/options'],
      ['Errors', '/errors'],
    ],
  },
  {
    text: 'What can be called',
    pages: [
      ['Values', '/values'],
      ['Streams, signals, progress', '/streams'],
      ['Children', '/children'],
      ['Resources', '/resources'],
      ['Context and guards', '/context'],
      ['Regions', '/regions'],
      ['Read your writes', '/read-your-writes'],
    ],
  },
  {
    text: 'Runners',
    pages: [
      ['What runs in a runner', '/runners'],
      ['What does not come back', '/what-stays'],
      ['How runners start', '/processes'],
      ['Cold starts', '/cold-start'],
    ],
  },
  {
    text: 'Backends',
    pages: [
      ['Choosing', '/choosing'],
      ['All backends', '/backends/'],
      ['Docker', '/backends/docker'],
      ['SSH', '/backends/ssh'],
      ['Fly', '/backends/fly'],
      ['Kubernetes', '/backends/kubernetes'],
      ['Without an image', '/backends/shipped-code'],
    ],
  },
  {
    text: 'Recipes',
    pages: [
      ['All recipes', '/recipes/'],
      ['Jobs of BullMQ', '/recipes/bullmq'],
      ['Cron jobs', '/recipes/schedule'],
      ['WebSockets', '/recipes/websockets'],
      ['File uploads', '/recipes/uploads'],
      ['Thumbnails with sharp', '/recipes/images'],
      ['PDFs with Chromium', '/recipes/pdfs'],
      ['Child processes', '/recipes/child-processes'],
      ['Tenants', '/recipes/tenants'],
      ['TypeORM', '/recipes/typeorm'],
      ['Prisma', '/recipes/prisma'],
      ['GraphQL', '/recipes/graphql'],
      ['CQRS', '/recipes/cqrs'],
    ],
  },
  {
    text: 'In production',
    pages: [
      ['Dashboard', '/dashboard'],
      ['Observability', '/observability'],
      ['Traces', '/tracing'],
      ['Doctor', '/doctor'],
      ['Debugging', '/debugging'],
      ['Testing', '/testing'],
      ['Security', '/security'],
      ['Promises', '/promises'],
    ],
  },
  {
    text: 'Measurements',
    pages: [
      ['Performance', '/measurements/performance'],
      ['Reliability', '/measurements/reliability'],
    ],
  },
  {
    text: 'The project',
    pages: [
      ['Architecture', '/project/architecture'],
      ['Contributing', '/project/contributing'],
      ['Reporting a vulnerability', '/project/security'],
      ['Changelog', '/project/changelog'],
    ],
  },
];
