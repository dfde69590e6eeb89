const answer = await fetch("/api/bikes");
document.body.textContent = (await answer.json()).join(", ");
